//! What the office can find out by itself about a submission.

use exchange::{
    Digest, DocumentRecord, Form, Iin, IinPolicy, KeyAlgorithm, Manifest, PartName, PhoneNumber,
    PhoneStanding, Signed, StorageType, SubmissionKind, TimeTrust,
};
use keystore::{Subject, csr::Request};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Applied, Desk, OpenError, document};
use crate::{
    db::{codes, kiosks, submissions::Submission},
    keys,
};

/// Something an operator should know. Holds nothing personal: findings are
/// stored in the clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "finding")]
pub enum Finding {
    /// The manifest is not signed by the kiosk it came from.
    ManifestUnsigned,
    PartMissing {
        part: PartName,
    },
    /// Damaged, sealed for another place, or not of the expected form.
    PartUnreadable {
        part: PartName,
    },
    /// The request is not the one of the manifest, or not signed by its own key.
    RequestWrong,
    /// IIN, name or e-mail of the request differ from the form's.
    RequestDiffers,
    /// The form's receipt code is not the manifest's.
    ReceiptCodeDiffers,
    /// The IIN cannot be.
    IinRefused,
    /// The state's records do not know this person.
    PersonUnknown,
    /// The state's records know the person under another name.
    NameDiffers,
    /// The form names a proof of phone that this office did not give for it.
    PhoneProofWrong,
    /// The number in the citizens database is no longer the one that was proven.
    PhoneChangedSince,
    /// Taken without a link; will be proven at collection.
    PhoneUnproven,
    /// Approving makes a new number effective, with a notice to the old one.
    PhoneRequested,
    /// The document's data were typed by hand.
    DocumentTyped,
    /// The document's data were read from its printed lines, not its chip.
    DocumentPrinted,
    /// A check of the chip's files failed.
    DocumentNotGenuine,
    /// The chip's files could not all be examined: no certificate of the issuing
    /// state is known here.
    DocumentUnverified,
    /// The files are genuine; that the chip is no copy of another is not shown.
    ChipMayBeCopied,
    /// The form says of the document what its chip does not say.
    DocumentDiffers,
    /// The chip's date of expiry is past.
    DocumentExpired,
    /// The document carries no IIN that could be compared.
    IinNotCompared,
    /// Date or sex in the IIN differ from the document's: no reason to refuse.
    IinMismatch,
    /// The kiosk's clock could not be believed.
    ClockDoubtful,
    /// The old certificate is of another authority, or not recorded here.
    RenewalForeign,
    /// It was out of its time when the submission came.
    RenewalExpired,
    /// It is revoked, about to be, or was never confirmed.
    RenewalRevoked,
    /// It has another IIN than the form.
    RenewalOtherPerson,
    /// It has another name than the form.
    RenewalNameDiffers,
    /// Its key did not sign for this submission, request and number.
    RenewalUnsigned,
    /// The number was not given to this kiosk for this submission, or too long ago.
    RenewalNonceWrong,
    /// The request is for the old key.
    RenewalSameKey,
    /// The number in the citizens database is not that of the old application.
    RenewalPhoneChanged,
}

impl Finding {
    /// With this nobody can approve.
    pub fn forbids_approval(self) -> bool {
        matches!(
            self,
            Self::ManifestUnsigned
                | Self::PartMissing { .. }
                | Self::PartUnreadable { .. }
                | Self::RequestWrong
                | Self::RequestDiffers
                | Self::ReceiptCodeDiffers
                | Self::IinRefused
                | Self::PersonUnknown
                | Self::PhoneProofWrong
                | Self::DocumentNotGenuine
                | Self::DocumentDiffers
                | Self::DocumentExpired
                | Self::RenewalForeign
                | Self::RenewalExpired
                | Self::RenewalRevoked
                | Self::RenewalOtherPerson
                | Self::RenewalUnsigned
                | Self::RenewalNonceWrong
                | Self::RenewalSameKey
        )
    }

    /// The name under which it is stored and translated.
    pub fn code(self) -> &'static str {
        match self {
            Self::ManifestUnsigned => "manifest_unsigned",
            Self::PartMissing { .. } => "part_missing",
            Self::PartUnreadable { .. } => "part_unreadable",
            Self::RequestWrong => "request_wrong",
            Self::RequestDiffers => "request_differs",
            Self::ReceiptCodeDiffers => "receipt_code_differs",
            Self::IinRefused => "iin_refused",
            Self::PersonUnknown => "person_unknown",
            Self::NameDiffers => "name_differs",
            Self::PhoneProofWrong => "phone_proof_wrong",
            Self::PhoneChangedSince => "phone_changed_since",
            Self::PhoneUnproven => "phone_unproven",
            Self::PhoneRequested => "phone_requested",
            Self::DocumentTyped => "document_typed",
            Self::DocumentPrinted => "document_printed",
            Self::DocumentNotGenuine => "document_not_genuine",
            Self::DocumentUnverified => "document_unverified",
            Self::ChipMayBeCopied => "chip_may_be_copied",
            Self::DocumentDiffers => "document_differs",
            Self::DocumentExpired => "document_expired",
            Self::IinNotCompared => "iin_not_compared",
            Self::IinMismatch => "iin_mismatch",
            Self::ClockDoubtful => "clock_doubtful",
            Self::RenewalForeign => "renewal_foreign",
            Self::RenewalExpired => "renewal_expired",
            Self::RenewalRevoked => "renewal_revoked",
            Self::RenewalOtherPerson => "renewal_other_person",
            Self::RenewalNameDiffers => "renewal_name_differs",
            Self::RenewalUnsigned => "renewal_unsigned",
            Self::RenewalNonceWrong => "renewal_nonce_wrong",
            Self::RenewalSameKey => "renewal_same_key",
            Self::RenewalPhoneChanged => "renewal_phone_changed",
        }
    }
}

/// A submission opened and looked at.
pub struct Examined {
    pub kind: SubmissionKind,
    pub findings: Vec<Finding>,
    pub form: Option<Applied>,
    pub csr: Option<Zeroizing<Vec<u8>>>,
    pub subject_key_identifier: Option<String>,
    /// Of the document's chip; empty where none was read.
    pub document_checks: Vec<chip::Check>,
    /// The number that the citizens database has for the person now.
    pub registered: Option<PhoneNumber>,
    /// Where collection codes go.
    pub contact: Option<PhoneNumber>,
    /// The number that approving would register.
    pub requested: Option<PhoneNumber>,
}

impl Desk {
    /// Opens and checks everything of a submission. What is wrong with it is a
    /// finding, not an error.
    ///
    /// # Errors
    /// Of this office's own: disk, database, a state service that does not answer.
    pub(super) fn examine(&self, submission: &Submission) -> anyhow::Result<Examined> {
        let signed: Signed<Manifest> = serde_json::from_str(&submission.manifest)?;
        let mut seen = Examined {
            kind: signed.read_unverified()?.kind(),
            findings: Vec::new(),
            form: None,
            csr: None,
            subject_key_identifier: None,
            document_checks: Vec::new(),
            registered: None,
            contact: None,
            requested: None,
        };
        let manifest = self.manifest(submission, &signed, &mut seen)?;
        self.read_form(submission, &mut seen)?;
        if seen.kind.brings_key() {
            self.read_csr(submission, &manifest, &mut seen)?;
        }
        // The rest is opened to know that it can be.
        for part in seen.kind.parts() {
            match part {
                PartName::AccountPin
                | PartName::Selfie
                | PartName::DocumentPhoto
                | PartName::Video => drop(self.open_part(submission, *part, &mut seen)?),
                PartName::Form | PartName::Csr | PartName::ChipData | PartName::RenewalProof => {}
            }
        }
        if let Some(form) = seen.form.take() {
            self.compare(submission, &manifest, &form, &mut seen)?;
            match &form {
                Applied::Enrolment(form) => self.examine_document(submission, form, &mut seen)?,
                Applied::Renewal(form) => {
                    self.examine_renewal(submission, &manifest, form, &mut seen)?;
                }
            }
            seen.form = Some(form);
        }
        if manifest.time_trust == TimeTrust::Doubtful {
            seen.findings.push(Finding::ClockDoubtful);
        }
        Ok(seen)
    }

    /// `receive` has checked the signature; the desk believes only its own eyes.
    fn manifest(
        &self,
        submission: &Submission,
        signed: &Signed<Manifest>,
        seen: &mut Examined,
    ) -> anyhow::Result<Manifest> {
        let kiosk = self
            .database
            .read(|c| kiosks::by_id(c, &submission.kiosk))?;
        let key = kiosk
            .and_then(|k| k.manifest_key_pem)
            .and_then(|pem| keys::verifying_key(&pem).ok());
        let manifest = signed.read_unverified()?;
        let right = key.is_some_and(|k| signed.verify(&k).is_ok())
            && manifest.submission == submission.id
            && manifest.kiosk == submission.kiosk;
        if !right {
            seen.findings.push(Finding::ManifestUnsigned);
        }
        Ok(manifest)
    }

    pub(super) fn open_part(
        &self,
        submission: &Submission,
        part: PartName,
        seen: &mut Examined,
    ) -> anyhow::Result<Option<Zeroizing<Vec<u8>>>> {
        match self.opener.part(submission.id, part) {
            Ok(plain) => Ok(Some(plain)),
            Err(OpenError::NoPart(_)) => {
                seen.findings.push(Finding::PartMissing { part });
                Ok(None)
            }
            Err(OpenError::Seal(_) | OpenError::Digest) => {
                seen.findings.push(Finding::PartUnreadable { part });
                Ok(None)
            }
            // A damaged chunk is reported by the reader as invalid data.
            Err(OpenError::Io(e))
                if matches!(
                    e.kind(),
                    std::io::ErrorKind::InvalidData | std::io::ErrorKind::UnexpectedEof
                ) =>
            {
                seen.findings.push(Finding::PartUnreadable { part });
                Ok(None)
            }
            Err(e) => Err(e.into()),
        }
    }

    fn read_form(&self, submission: &Submission, seen: &mut Examined) -> anyhow::Result<()> {
        let part = PartName::Form;
        if let Some(plain) = self.open_part(submission, part, seen)? {
            seen.form = Applied::parse(seen.kind, &plain);
            if seen.form.is_none() {
                seen.findings.push(Finding::PartUnreadable { part });
            }
        }
        Ok(())
    }

    fn examine_document(
        &self,
        submission: &Submission,
        form: &Form,
        seen: &mut Examined,
    ) -> anyhow::Result<()> {
        if form.document.iin_mismatch_note {
            seen.findings.push(Finding::IinMismatch);
        }
        let part = PartName::ChipData;
        let Some(plain) = self.open_part(submission, part, seen)? else {
            return Ok(());
        };
        let Ok(record) = DocumentRecord::parse(&plain) else {
            seen.findings.push(Finding::PartUnreadable { part });
            return Ok(());
        };
        let at = submission.received_at;
        let document = document::examine(&record, form, submission.id, &self.trust, at);
        seen.findings.extend(document.findings);
        seen.document_checks = document.checks;
        Ok(())
    }

    fn read_csr(
        &self,
        submission: &Submission,
        manifest: &Manifest,
        seen: &mut Examined,
    ) -> anyhow::Result<()> {
        let Some(der) = self.open_part(submission, PartName::Csr, seen)? else {
            return Ok(());
        };
        match Request::verify(&der) {
            Ok(request) if Some(Digest::of(&der)) == manifest.csr_sha256 => {
                seen.subject_key_identifier = Some(request.key().id().to_string());
                seen.csr = Some(der);
            }
            _ => seen.findings.push(Finding::RequestWrong),
        }
        Ok(())
    }

    fn compare(
        &self,
        submission: &Submission,
        manifest: &Manifest,
        form: &Applied,
        seen: &mut Examined,
    ) -> anyhow::Result<()> {
        let found = &mut seen.findings;
        let policy: IinPolicy = self.configuration.identity.policy();
        if Iin::parse(form.iin().expose(), policy).is_err() {
            found.push(Finding::IinRefused);
        }
        if Digest::of(form.receipt_code().expose().as_bytes()) != manifest.receipt_code_sha256 {
            found.push(Finding::ReceiptCodeDiffers);
        }
        if let Some(der) = &seen.csr
            && !request_is_of(der, form)
        {
            found.push(Finding::RequestDiffers);
        }
        match self.persons.person(form.iin())? {
            None => found.push(Finding::PersonUnknown),
            Some(person) if person.name != *form.holder() => {
                found.push(Finding::NameDiffers);
            }
            Some(_) => {}
        }
        seen.registered = self.phones.registered(form.iin())?;
        self.compare_phone(submission, form, seen)
    }

    fn compare_phone(
        &self,
        submission: &Submission,
        form: &Applied,
        seen: &mut Examined,
    ) -> anyhow::Result<()> {
        seen.contact = seen.registered.clone();
        match form.phone() {
            PhoneStanding::Proven { proof } => {
                let record = self
                    .database
                    .read(|c| codes::enrol_proof(c, proof, submission.id, &submission.kiosk))?;
                match record {
                    None => seen.findings.push(Finding::PhoneProofWrong),
                    Some(r) if Some(&r.phone) != seen.registered.as_ref() => {
                        seen.findings.push(Finding::PhoneChangedSince);
                    }
                    Some(_) => {}
                }
            }
            PhoneStanding::Unproven { number } if Some(number) == seen.registered.as_ref() => {
                seen.findings.push(Finding::PhoneUnproven);
            }
            PhoneStanding::Unproven { number } => {
                seen.findings.push(Finding::PhoneUnproven);
                seen.findings.push(Finding::PhoneRequested);
                seen.requested = Some(number.clone());
            }
            PhoneStanding::Requested { number } => {
                seen.findings.push(Finding::PhoneRequested);
                seen.requested = Some(number.clone());
            }
        }
        Ok(())
    }
}

fn request_is_of(der: &[u8], form: &Applied) -> bool {
    let subject = Subject {
        holder: form.holder(),
        iin: form.iin(),
        email: form.email(),
    };
    Request::verify(der)
        .is_ok_and(|request| request_says(&request, subject, *form.storage(), *form.algorithm()))
}

/// Subject, e-mail, storage and algorithm of the request are these.
pub(super) fn request_says(
    request: &Request,
    subject: Subject,
    storage: StorageType,
    algorithm: KeyAlgorithm,
) -> bool {
    let store_type = request.store_type().ok().flatten();
    subject.name().is_ok_and(|name| name == *request.subject())
        && request.email().is_ok_and(|e| e == subject.email.expose())
        && store_type.map(|s| s.store_type) == keystore::profile::store_type(storage)
        && request.key().algorithm() == algorithm
}
