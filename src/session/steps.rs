//! All steps, their order, and which of them this citizen needs.

use exchange::StorageType;

use super::Purpose;
use super::account_pin::AccountPin;
use super::answers::Answers;
use super::collect_code::CollectCode;
use super::collect_password::CollectPassword;
use super::collect_storage::CollectStorage;
use super::collecting::Collecting;
use super::consent::Consent;
use super::document::Document;
use super::document_photo::DocumentPhoto;
use super::email::Email;
use super::event::StepName;
use super::identity_number::IdentityNumber;
use super::issuing::Issuing;
use super::key_password::KeyPassword;
use super::key_secret::KeySecret;
use super::liveness::Liveness;
use super::phone::Phone;
use super::phone_code::{CodeFor, PhoneCode};
use super::receipt::Receipt;
use super::renewal::{RenewHolder, RenewKey, RenewPassword};
use super::review::Review;
use super::revocation::{Revoked, Revoking, WhichCertificate};
use super::selfie::Selfie;
use super::step::Step;
use super::storage::Storage;
use super::storage_location::StorageLocation;
use super::token_pin::TokenPin;
use super::visit::Visit;

/// The citizen's order.
pub(super) const ENROL: [StepName; 16] = [
    StepName::Consent,
    StepName::IdentityNumber,
    StepName::Phone,
    StepName::PhoneCode,
    StepName::Document,
    StepName::Selfie,
    StepName::Liveness,
    StepName::AccountPin,
    StepName::DocumentPhoto,
    StepName::Email,
    StepName::Storage,
    StepName::StorageLocation,
    StepName::Review,
    StepName::KeyPassword,
    StepName::Issuing,
    StepName::Receipt,
];

pub(super) const COLLECT: [StepName; 6] = [
    StepName::CollectCode,
    StepName::CollectPhoneCode,
    StepName::CollectStorage,
    StepName::CollectPassword,
    StepName::Collecting,
    StepName::Collected,
];

/// Behind the consent the old key stands for document and face.
pub(super) const RENEW: [StepName; 13] = [
    StepName::Consent,
    StepName::RenewKey,
    StepName::RenewSecret,
    StepName::RenewHolder,
    StepName::Phone,
    StepName::PhoneCode,
    StepName::Email,
    StepName::Storage,
    StepName::StorageLocation,
    StepName::Review,
    StepName::KeyPassword,
    StepName::Issuing,
    StepName::Receipt,
];

pub(super) const REVOKE: [StepName; 5] = [
    StepName::RevokeIdentity,
    StepName::RevokePhoneCode,
    StepName::RevokeCertificate,
    StepName::Revoking,
    StepName::Revoked,
];

pub(super) struct Steps {
    consent: Consent,
    identity_number: IdentityNumber,
    phone: Phone,
    phone_code: PhoneCode,
    document: Document,
    selfie: Selfie,
    liveness: Liveness,
    account_pin: AccountPin,
    document_photo: DocumentPhoto,
    email: Email,
    storage: Storage,
    storage_location: StorageLocation,
    review: Review,
    key_password: KeySecret<KeyPassword>,
    issuing: Issuing,
    receipt: Receipt,
    collect_code: CollectCode,
    collect_phone_code: PhoneCode,
    collect_storage: CollectStorage,
    collect_password: KeySecret<CollectPassword>,
    collecting: Collecting,
    collected: Receipt,
    revoke_identity: IdentityNumber,
    revoke_phone_code: PhoneCode,
    revoke_certificate: WhichCertificate,
    revoking: Revoking,
    revoked: Revoked,
    renew_key: RenewKey,
    renew_secret: KeySecret<RenewPassword>,
    renew_holder: RenewHolder,
}

impl Default for Steps {
    fn default() -> Self {
        Self {
            consent: Consent::default(),
            identity_number: IdentityNumber::of_applicant(),
            phone: Phone::default(),
            phone_code: PhoneCode::new(CodeFor::Enrolling),
            document: Document::default(),
            selfie: Selfie::default(),
            liveness: Liveness::default(),
            account_pin: AccountPin::default(),
            document_photo: DocumentPhoto::default(),
            email: Email::default(),
            storage: Storage::default(),
            storage_location: StorageLocation::default(),
            review: Review::default(),
            key_password: KeySecret::new(KeyPassword::default(), TokenPin::for_new_key()),
            issuing: Issuing::default(),
            receipt: Receipt::after_issuing(),
            collect_code: CollectCode::default(),
            collect_phone_code: PhoneCode::new(CodeFor::Collecting),
            collect_storage: CollectStorage::default(),
            collect_password: KeySecret::new(
                CollectPassword::default(),
                TokenPin::for_collecting(),
            ),
            collecting: Collecting::default(),
            collected: Receipt::after_collecting(),
            revoke_identity: IdentityNumber::of_holder(),
            revoke_phone_code: PhoneCode::new(CodeFor::Revoking),
            revoke_certificate: WhichCertificate,
            revoking: Revoking::default(),
            revoked: Revoked::default(),
            renew_key: RenewKey::default(),
            renew_secret: KeySecret::new(RenewPassword::default(), TokenPin::for_renewing()),
            renew_holder: RenewHolder::default(),
        }
    }
}

macro_rules! step_of {
    ($steps:expr, $name:expr, $($borrow:tt)+) => {
        match $name {
            StepName::Consent => $($borrow)+ $steps.consent,
            StepName::IdentityNumber => $($borrow)+ $steps.identity_number,
            StepName::Phone => $($borrow)+ $steps.phone,
            StepName::PhoneCode => $($borrow)+ $steps.phone_code,
            StepName::Document => $($borrow)+ $steps.document,
            StepName::Selfie => $($borrow)+ $steps.selfie,
            StepName::Liveness => $($borrow)+ $steps.liveness,
            StepName::AccountPin => $($borrow)+ $steps.account_pin,
            StepName::DocumentPhoto => $($borrow)+ $steps.document_photo,
            StepName::Email => $($borrow)+ $steps.email,
            StepName::Storage => $($borrow)+ $steps.storage,
            StepName::StorageLocation => $($borrow)+ $steps.storage_location,
            StepName::Review => $($borrow)+ $steps.review,
            StepName::KeyPassword => $($borrow)+ $steps.key_password,
            StepName::Issuing => $($borrow)+ $steps.issuing,
            StepName::Receipt => $($borrow)+ $steps.receipt,
            StepName::CollectCode => $($borrow)+ $steps.collect_code,
            StepName::CollectPhoneCode => $($borrow)+ $steps.collect_phone_code,
            StepName::CollectStorage => $($borrow)+ $steps.collect_storage,
            StepName::CollectPassword => $($borrow)+ $steps.collect_password,
            StepName::Collecting => $($borrow)+ $steps.collecting,
            StepName::Collected => $($borrow)+ $steps.collected,
            StepName::RevokeIdentity => $($borrow)+ $steps.revoke_identity,
            StepName::RevokePhoneCode => $($borrow)+ $steps.revoke_phone_code,
            StepName::RevokeCertificate => $($borrow)+ $steps.revoke_certificate,
            StepName::Revoking => $($borrow)+ $steps.revoking,
            StepName::Revoked => $($borrow)+ $steps.revoked,
            StepName::RenewKey => $($borrow)+ $steps.renew_key,
            StepName::RenewSecret => $($borrow)+ $steps.renew_secret,
            StepName::RenewHolder => $($borrow)+ $steps.renew_holder,
        }
    };
}

impl Steps {
    pub fn at(&self, name: StepName) -> &dyn Step {
        step_of!(self, name, &)
    }

    pub fn at_mut(&mut self, name: StepName) -> &mut dyn Step {
        step_of!(self, name, &mut)
    }

    /// The first step before review whose answers are missing.
    pub fn first_incomplete(&self, visit: &Visit) -> Option<StepName> {
        let journey = journey(StepName::Review, &visit.answers);
        let before_review = journey.iter().take_while(|s| **s != StepName::Review);
        before_review
            .filter(|s| is_needed(**s, &visit.answers))
            .find(|s| !self.at(**s).complete(visit))
            .copied()
    }
}

/// The step with which a visit begins.
pub(super) fn first(purpose: Purpose) -> StepName {
    match purpose {
        Purpose::Enrol | Purpose::Renew => StepName::Consent,
        Purpose::Collect => StepName::CollectCode,
        Purpose::Revoke => StepName::RevokeIdentity,
    }
}

/// The journey a step belongs to.
fn journey(step: StepName, answers: &Answers) -> &'static [StepName] {
    match step {
        _ if answers.renewal.is_some() => &RENEW,
        _ if ENROL.contains(&step) => &ENROL,
        _ if REVOKE.contains(&step) => &REVOKE,
        _ => &COLLECT,
    }
}

fn is_needed(step: StepName, answers: &Answers) -> bool {
    match step {
        StepName::PhoneCode => answers.phone.code_needed(),
        StepName::StorageLocation => {
            let storage = answers.storage.as_ref();
            storage.is_some_and(|s| s.kind == StorageType::Pkcs12)
        }
        StepName::KeyPassword => !answers.key_comes_later(),
        StepName::CollectPhoneCode => answers.collect.code_needed,
        _ => true,
    }
}

pub(super) fn after(step: StepName, answers: &Answers) -> Option<StepName> {
    let mut later = journey(step, answers)
        .iter()
        .skip_while(|s| **s != step)
        .skip(1);
    later.find(|s| is_needed(**s, answers)).copied()
}

pub(super) fn before(step: StepName, answers: &Answers) -> Option<StepName> {
    let earlier = journey(step, answers).iter().take_while(|s| **s != step);
    earlier.filter(|s| is_needed(**s, answers)).last().copied()
}

/// Which of how many questions; none where nothing is asked any more.
pub(super) fn position(step: StepName, answers: &Answers) -> Option<(u8, u8)> {
    let journey = journey(step, answers);
    let questions = journey.len() - 2;
    let at = journey.iter().position(|s| *s == step)?;
    (at < questions).then_some((at as u8 + 1, questions as u8))
}
