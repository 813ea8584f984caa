//! An application whose key is made at collection, two kiosks, and a card that erases.

use std::path::PathBuf;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use exchange::{
    ApprovedSubject, Digest, KeyAlgorithm, KeyMade, KeyNonce, KeyStanding, KeyWanted,
    PhoneStanding, Secret, Signed, StorageType, UnixMillis,
    api::{
        self, ApiError, CodePurpose, CollectBy, CollectConfirm, CollectIssued, CollectOpen,
        CollectOpened, CollectProve,
    },
};
use keystore::{Chain, KeyId, KeyStorage, SimulatedToken, Subject};
use office::db::{Database, submissions};

use super::{
    Office, eventually,
    http::Answer,
    kiosk::{Application, Kiosk, PHONE, phone, submission_id},
};

/// A card that erases older keys, with one that it would be a pity to lose.
pub struct Card {
    pub folder: tempfile::TempDir,
    pub pin: Secret,
    pub older: KeyId,
}

impl Card {
    pub fn new() -> Self {
        let mut card = Self {
            folder: tempfile::tempdir().unwrap(),
            pin: Secret::from("246810"),
            older: "00".repeat(20).parse().unwrap(),
        };
        card.older = card.make();
        card
    }

    pub fn file(&self) -> PathBuf {
        self.folder.path().join("card")
    }

    pub fn present(&self) -> SimulatedToken {
        let kind = StorageType::AKKZIDCardStore;
        SimulatedToken::in_file(kind, &self.pin, 2, &self.file())
            .unwrap()
            .erasing()
    }

    pub fn make(&self) -> KeyId {
        let mut card = self.present();
        let key = card.generate(KeyAlgorithm::EcdsaP256, &self.pin).unwrap();
        key.id()
    }

    pub fn keys(&self) -> Vec<KeyId> {
        let contents = self.present().contents().unwrap();
        [contents.pending, contents.installed].concat()
    }

    pub fn request(&self, key: &KeyId, approved: &ApprovedSubject) -> Vec<u8> {
        let mut card = self.present();
        let key = card.read_back(key, &self.pin).unwrap().key;
        let subject = subject(approved);
        keystore::request(&mut card, &key, &self.pin, subject, None).unwrap()
    }

    pub fn sign(&self, key: &KeyId, application: &Application, nonce: &str) -> String {
        let mut card = self.present();
        let signature = keystore::prove(&mut card, key, &self.pin, application.id, nonce);
        BASE64.encode(signature.unwrap())
    }
}

pub fn subject(approved: &ApprovedSubject) -> Subject<'_> {
    Subject {
        holder: &approved.holder,
        iin: &approved.iin,
        email: &approved.email,
    }
}

/// One application without a key, received from the first of two kiosks.
pub struct Setting {
    pub office: Office,
    pub first: Kiosk,
    pub second: Kiosk,
    pub application: Application,
    pub card: Card,
}

impl Setting {
    pub fn received() -> Self {
        let office = Office::start_with(|settings| {
            let mut set = |table: &str, name: &str, value: i64| {
                let table = settings[table].as_table_mut().unwrap();
                table.insert(name.into(), value.into());
            };
            set("codes", "sent_per_hour", 100);
            set("codes", "resend_after_seconds", 0);
            set("limits", "wrong_proofs_per_hour", 100);
        });
        let first = Kiosk::provision(&office, "kiosk-1");
        let second = Kiosk::provision(&office, "kiosk-2");
        let application = application();
        let answer = first.submit(&office, &first.seal_keyless(&application));
        assert_eq!(answer.status, 200, "{:?}", answer.seen());
        let id = application.id.to_string();
        eventually("the desk has looked", || {
            (office.state_of(&id) == "open").then_some(())
        });
        Self {
            office,
            first,
            second,
            application,
            card: Card::new(),
        }
    }

    pub fn approved() -> Self {
        let s = Self::received();
        s.office.approve(&s.application.id.to_string());
        s
    }

    pub fn open(&self, kiosk: &Kiosk) -> CollectOpened {
        let receipt_code = self.application.form.receipt_code.clone();
        let by = CollectBy::Code { receipt_code };
        let open = CollectOpen { by };
        kiosk.post(&self.office, api::COLLECT_OPEN, &open).json()
    }

    /// With receipt code and phone code.
    pub fn come_to(&self, kiosk: &Kiosk) -> CollectOpened {
        assert!(self.open(kiosk).phone_code_needed);
        kiosk.prove_phone(&self.office, CodePurpose::Collect, self.application.id);
        self.open(kiosk)
    }

    /// What the desk approved; only its own word counts.
    pub fn approved_subject(&self, wanted: &KeyWanted) -> ApprovedSubject {
        let key = &self.first.provisioned.decision_key_pem;
        let key = office::keys::verifying_key(key).unwrap();
        wanted.approved.verify(&key).unwrap()
    }

    pub fn made(&self, kiosk: &Kiosk, csr: &[u8], nonce: KeyNonce) -> Signed<KeyMade> {
        Signed::new(&self.statement(kiosk, csr, nonce), &kiosk.manifest_key)
    }

    pub fn statement(&self, kiosk: &Kiosk, csr: &[u8], nonce: KeyNonce) -> KeyMade {
        let at = UnixMillis::from_system_clock();
        KeyMade::new(
            self.application.id,
            kiosk.id.clone(),
            csr.to_vec(),
            nonce,
            at,
        )
        .unwrap()
    }

    /// The office's last word.
    pub fn say(&self, kiosk: &Kiosk, signed: &Signed<KeyMade>) -> Answer {
        eventually("the desk has looked", || {
            let answer = kiosk.post(&self.office, api::COLLECT_KEY, signed);
            (answer.status != 202).then_some(answer)
        })
    }

    pub fn taken(&self, kiosk: &Kiosk, signed: &Signed<KeyMade>) -> String {
        let answer = self.say(kiosk, signed);
        assert_eq!(answer.status, 200, "{:?}", answer.seen());
        match answer.json() {
            KeyStanding::Taken { nonce } => nonce,
            KeyStanding::Waiting => panic!("with status 200"),
        }
    }

    pub fn issued(&self, kiosk: &Kiosk, key: &KeyId, nonce: &str) -> CollectIssued {
        let prove = CollectProve {
            submission: self.application.id,
            nonce: nonce.to_owned(),
            signature: self.card.sign(key, &self.application, nonce),
        };
        eventually("the authority has signed", || {
            let answer = kiosk.post(&self.office, api::COLLECT_PROVE, &prove);
            (answer.status != 202).then(|| answer.json())
        })
    }

    /// Beside its key, read back, and confirmed.
    pub fn install(&self, kiosk: &Kiosk, key: &KeyId, issued: &CollectIssued) {
        let chain = Chain::from_pem(&issued.certificate_pem, &issued.chain_pem).unwrap();
        let mut card = self.card.present();
        card.install(key, &self.card.pin, &chain).unwrap();
        card.read_back(key, &self.card.pin).unwrap();
        let confirm = CollectConfirm {
            submission: self.application.id,
            certificate_sha256: Digest::of(&super::collection::der(&issued.certificate_pem)),
        };
        let answer = kiosk.post(&self.office, api::COLLECT_CONFIRM, &confirm);
        assert_eq!(answer.status, 204);
    }

    pub fn database(&self) -> Database {
        Database::open(&self.office.dir().join("office.db")).unwrap()
    }

    pub fn has_order(&self) -> bool {
        let id = self.application.id;
        let order = self.database().read(|c| submissions::issue_order(c, id));
        order.unwrap().is_some()
    }
}

pub fn application() -> Application {
    let number = phone(PHONE);
    let mut application = Application::new(submission_id(), PhoneStanding::Unproven { number });
    application.form.storage = StorageType::AKKZIDCardStore;
    application.video.truncate(20_000);
    application
}

pub fn refused(answer: &Answer) {
    assert_eq!(answer.status, 422, "{:?}", answer.seen());
    assert_eq!(answer.json::<ApiError>(), ApiError::Unverified);
}
