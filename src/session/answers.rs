//! What the citizen has answered so far: checked values only.

use exchange::certificates::{HeldCertificate, RevocationStanding};
use exchange::{
    EmailAddress, Form, HolderName, IdentityDocument, Iin, PhoneStanding, ReceiptCode, RenewalForm,
    Secret, StorageType, SubmissionId, UnixMillis,
};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::command::KeyLocation;
use super::config::SessionConfig;
use super::event::{CertifiedKey, DriveId, MediaHandle};
use super::view::{CollectAnswer, Outcome};

/// No `Debug`: everything here is personal.
#[derive(Default)]
pub(super) struct Answers {
    pub begun: Option<Begun>,
    pub consented_at: Option<UnixMillis>,
    pub iin: Option<Iin>,
    pub phone: Phone,
    pub document: Option<IdentityDocument>,
    /// Sealed.
    pub selfie: Option<MediaHandle>,
    /// Sealed while it was recorded.
    pub video: Option<MediaHandle>,
    /// Sealed; kept to open the personal cabinet.
    pub account_pin: Option<Secret>,
    pub cabinet_open: bool,
    /// Too many wrong entries at the cabinet: to be chosen anew.
    pub pin_forgotten: bool,
    /// Sealed.
    pub document_photo: Option<MediaHandle>,
    pub email: Option<EmailAddress>,
    pub storage: Option<Storage>,
    pub location: Option<KeyLocation>,
    /// Chosen at review; waiting is offered where it can succeed.
    pub wait_here: bool,
    pub key_password: Option<Secret>,
    pub receipt_code: Option<ReceiptCode>,
    /// Durable in the kiosk.
    pub saved: bool,
    pub outcome: Option<Outcome>,
    pub collect: Collect,
    pub revocation: Revocation,
    /// None: document and face prove who the citizen is.
    pub renewal: Option<Renewal>,
}

/// From the reply to `Begin`.
pub(super) struct Begun {
    pub submission: SubmissionId,
    randomness: Zeroizing<[u8; 32]>,
}

impl Begun {
    pub fn new(submission: SubmissionId, randomness: [u8; 32]) -> Self {
        Self {
            submission,
            randomness: Zeroizing::new(randomness),
        }
    }

    /// Random bytes of their own for each use.
    pub fn stream(&self, label: &str) -> Zeroizing<[u8; 32]> {
        let mut hash = Sha256::new();
        hash.update(*self.randomness);
        hash.update(label);
        Zeroizing::new(hash.finalize().into())
    }
}

#[derive(Default)]
pub(super) struct Phone {
    /// The office has answered for this IIN.
    pub looked_up: bool,
    /// The number that the MCDB knows, masked.
    pub registered_masked: Option<String>,
    /// The office could not be asked: a number is taken unproven.
    pub unreachable: bool,
    /// A new number is wanted, or none is registered.
    pub wants_new: bool,
    pub standing: Option<PhoneStanding>,
}

impl Phone {
    /// Whether a one-time code goes to the registered number next.
    pub fn code_needed(&self) -> bool {
        self.registered_masked.is_some() && !self.wants_new && !self.unreachable && !self.proven()
    }

    pub fn proven(&self) -> bool {
        matches!(self.standing, Some(PhoneStanding::Proven { .. }))
    }
}

#[derive(Clone)]
pub(super) struct Storage {
    pub kind: StorageType,
    pub drive: Option<DriveId>,
    pub label: String,
    /// Its key is made only at collection.
    pub generation_erases: bool,
    /// Pulled out since it was chosen.
    pub gone: bool,
}

#[derive(Default)]
pub(super) struct Collect {
    pub receipt_code: Option<ReceiptCode>,
    pub submission: Option<SubmissionId>,
    pub code_needed: bool,
    pub subject_key_identifier: Option<String>,
    /// The key is yet to be made, in a storage of this type.
    pub key_wanted: Option<StorageType>,
    /// Decided otherwise, or not yet.
    pub answer: Option<CollectAnswer>,
}

/// What proves the citizen of a renewal.
#[derive(Default)]
pub(super) struct Renewal {
    pub key: Option<CertifiedKey>,
    /// Password of the file or PIN of the token.
    pub secret: Option<Secret>,
    pub holder: Option<HolderName>,
}

#[derive(Default)]
pub(super) struct Revocation {
    /// Told once the phone is proven; which of them are there then.
    pub certificates: Option<Vec<HeldCertificate>>,
    pub chosen: Option<usize>,
    pub standing: Option<RevocationStanding>,
}

impl Revocation {
    pub fn certificate(&self) -> Option<&HeldCertificate> {
        self.certificates.as_ref()?.get(self.chosen?)
    }
}

impl Answers {
    pub fn submission(&self) -> Option<SubmissionId> {
        self.begun.as_ref().map(|b| b.submission)
    }

    /// Another person's number, or a mended one: what was found out for the
    /// old one is not true of it.
    pub fn set_iin(&mut self, iin: Iin) {
        if self.iin.as_ref() != Some(&iin) {
            self.phone = Phone::default();
            // What it said was compared with the old number.
            self.document = None;
        }
        self.iin = Some(iin);
    }

    pub fn set_storage(&mut self, storage: Storage) {
        let same = self
            .storage
            .as_ref()
            .is_some_and(|s| s.kind == storage.kind && s.drive == storage.drive);
        if !same {
            self.location = None;
        }
        if storage.kind != StorageType::Pkcs12 {
            self.location = Some(KeyLocation {
                storage: storage.kind,
                drive: None,
                path: Vec::new(),
            });
        }
        self.storage = Some(storage);
    }

    /// The kind of storage whose password or PIN is asked for, once it was chosen: of
    /// the old key, until that was opened, then of the new one.
    pub fn storage_of_secret(&self) -> Option<StorageType> {
        let old = self.renewal.as_ref().filter(|r| r.holder.is_none());
        let place = match old {
            Some(renewal) => renewal.key.as_ref().map(|key| &key.location),
            None => self.location.as_ref(),
        };
        place.map(|place| place.storage)
    }

    /// Waiting here can end with a certificate only for a proven phone.
    pub fn can_wait(&self, link_up: bool) -> bool {
        link_up && self.phone.proven() && !self.key_comes_later()
    }

    /// The key is not made before the application, but when its certificate is collected.
    pub fn key_comes_later(&self) -> bool {
        let storage = self.storage.as_ref();
        storage.is_some_and(|storage| storage.generation_erases)
    }

    /// Made once for a visit.
    fn receipt_code(&mut self) -> Option<ReceiptCode> {
        if self.receipt_code.is_none() {
            let stream = self.begun.as_ref()?.stream("receipt code");
            let mut random = Zeroizing::new([0; 12]);
            random.copy_from_slice(&stream[..12]);
            self.receipt_code = Some(ReceiptCode::from_random(&random));
        }
        self.receipt_code.clone()
    }

    /// The form of a renewal, once everything in it is answered.
    pub fn renewal_form(
        &mut self,
        language: exchange::Language,
        config: &SessionConfig,
    ) -> Option<RenewalForm> {
        let receipt_code = self.receipt_code()?;
        Some(RenewalForm {
            iin: self.iin.clone()?,
            holder: self.renewal.as_ref()?.holder.clone()?,
            phone: self.phone.standing.clone()?,
            email: self.email.clone()?,
            storage: self.storage.as_ref()?.kind,
            algorithm: config.algorithm,
            language,
            consented_at: self.consented_at?,
            receipt_code,
        })
    }

    /// The form, once everything in it is answered.
    pub fn form(&mut self, language: exchange::Language, config: &SessionConfig) -> Option<Form> {
        let receipt_code = self.receipt_code()?;
        Some(Form {
            iin: self.iin.clone()?,
            phone: self.phone.standing.clone()?,
            document: self.document.clone()?,
            email: self.email.clone()?,
            storage: self.storage.as_ref()?.kind,
            algorithm: config.algorithm,
            language,
            consented_at: self.consented_at?,
            receipt_code,
        })
    }
}

impl Answers {
    pub fn drive_removed(&mut self, drive: DriveId) {
        if let Some(storage) = &mut self.storage
            && storage.drive == Some(drive)
        {
            storage.gone = true;
        }
    }

    /// The chosen drive is back, known by its name: a drive that was pulled and
    /// put in again comes under another id.
    pub fn drive_inserted(&mut self, drive: DriveId, label: &str) {
        let Some(storage) = &mut self.storage else {
            return;
        };
        if storage.gone && storage.drive.is_some() && storage.label == label {
            storage.gone = false;
            storage.drive = Some(drive);
            if let Some(location) = &mut self.location {
                location.drive = Some(drive);
            }
        }
    }

    /// A token came or went; the one chosen by kind is meant. One of another kind
    /// that comes beside it takes nothing away.
    pub fn token(&mut self, inserted: Option<StorageType>) {
        if let Some(storage) = &mut self.storage
            && storage.kind != StorageType::Pkcs12
        {
            match inserted {
                None => storage.gone = true,
                Some(kind) if kind == storage.kind => storage.gone = false,
                Some(_) => {}
            }
        }
    }
}
