//! One citizen's way, said message by message and cut at one of them.

use der::Decode;
use exchange::{
    Digest, KeyAlgorithm, KeyMade, KeyStanding, KeyWanted, PhoneStanding, Secret, Signed,
    api::{
        self, CodeCheck, CodeChecked, CodePurpose, CodeRequest, CollectBy, CollectConfirm,
        CollectIssued, CollectOpen, CollectOpened, CollectProve,
    },
};
use keystore::{KeyStorage, Subject};
use x509_cert::crl::CertificateList;

use super::messages::{Cut, Message, Moment, Who};
use super::support::{
    Office, eventually,
    http::{Answer, head},
    in_hand::{InHand, Key},
    kiosk::{Application, Kiosk, PHONE, Submission, metadata, phone, submission_id},
};

/// The journey ends here.
#[derive(Debug)]
pub struct Interrupted;

/// One citizen's way, from the first byte uploaded to the certificate in use.
pub struct Journey<'a> {
    pub office: &'a mut Office,
    kiosk: &'a Kiosk,
    cut: Option<Cut>,
    /// Every message that went out whole or was kept from going.
    pub said: Vec<Message>,
    pub application: Application,
    sealed: Submission,
    pub token: InHand,
    _folder: tempfile::TempDir,
}

impl<'a> Journey<'a> {
    pub fn new(office: &'a mut Office, kiosk: &'a Kiosk, key: Key, cut: Option<Cut>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut token = InHand {
            file: folder.path().join("token"),
            pin: Secret::from("246810"),
            made: key,
            key: None,
        };
        let number = phone(PHONE);
        let unproven = PhoneStanding::Unproven { number };
        let mut application = Application::new(submission_id(), unproven);
        application.form.storage = token.present().storage_type();
        application.video.truncate(20_000);
        let form = &application.form;
        let subject = Subject {
            holder: &form.document.holder,
            iin: &form.iin,
            email: &form.email,
        };
        let sealed = match key {
            Key::BeforeSending => {
                let csr = token.request(subject);
                kiosk.seal_with_request(&application, &csr)
            }
            Key::AtCollection => {
                // Until then the card keeps what is in it.
                let mut card = token.present();
                card.generate(KeyAlgorithm::EcdsaP256, &token.pin).unwrap();
                kiosk.seal_keyless(&application)
            }
        };
        Self {
            office,
            kiosk,
            cut,
            said: Vec::new(),
            application,
            sealed,
            token,
            _folder: folder,
        }
    }

    /// Says one message, or is cut at it.
    fn say(
        &mut self,
        message: Message,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer, Interrupted> {
        let (method, route) = message.route();
        assert!(path.starts_with(route) || path.ends_with(route), "{path}");
        self.said.push(message);
        let cut = self.cut.filter(|cut| cut.message == message);
        let Some(cut) = cut else {
            return Ok(self.request(method, path, headers, body));
        };
        match cut.moment {
            Moment::Before => {}
            Moment::UnderWay => {
                let mut stream = self.kiosk.client.connect(&self.office.address());
                let length = body.len().to_string();
                let mut all = headers.to_vec();
                all.push(("content-length", &length));
                let whole = [&head(method, path, &all)[..], body].concat();
                std::io::Write::write_all(&mut stream, &whole).unwrap();
                std::io::Write::flush(&mut stream).unwrap();
            }
            Moment::After => while self.request(method, path, headers, body).status == 202 {},
        }
        if cut.who == Who::Office {
            self.office.cut();
            self.office.serve();
        }
        Err(Interrupted)
    }

    fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let address = self.office.address();
        self.kiosk
            .client
            .request(&address, method, path, headers, body)
    }

    fn post<T: serde::Serialize>(
        &mut self,
        message: Message,
        body: &T,
    ) -> Result<Answer, Interrupted> {
        let path = message.route().1;
        self.say(message, path, &[], &serde_json::to_vec(body).unwrap())
    }

    pub fn whole(&mut self) -> Result<(), Interrupted> {
        self.upload()?;
        self.collect()
    }

    fn upload(&mut self) -> Result<(), Interrupted> {
        let id = self.application.id;
        let count = self.sealed.parts.len();
        for at in 0..count {
            let (part, sealed) = self.sealed.parts[at].clone();
            let (begin, append) = match at {
                0 => (Message::BeginFirst, Message::AppendFirst),
                _ if at + 1 == count => (Message::BeginLast, Message::AppendLast),
                _ => {
                    self.kiosk.upload(self.office, id, part, &sealed);
                    continue;
                }
            };
            let length = sealed.len().to_string();
            let described = metadata(id, part, &Digest::of(&sealed));
            let headers = [
                ("tus-resumable", "1.0.0"),
                ("upload-length", &length),
                ("upload-metadata", &described),
            ];
            let created = self.say(begin, api::UPLOADS, &headers, b"")?;
            let location = created.header("location").unwrap().to_owned();
            let headers = [
                ("tus-resumable", "1.0.0"),
                ("upload-offset", "0"),
                ("content-type", "application/offset+octet-stream"),
            ];
            let appended = self.say(append, &location, &headers, &sealed)?;
            assert_eq!(appended.status, 204);
        }
        let signed = Signed::new(&self.sealed.manifest, &self.kiosk.manifest_key);
        let path = format!("{}/{id}/{}", api::SUBMISSIONS, api::MANIFEST_SUFFIX);
        let body = serde_json::to_vec(&signed).unwrap();
        assert_eq!(self.say(Message::Manifest, &path, &[], &body)?.status, 200);
        let path = format!("{}/{id}/{}", api::SUBMISSIONS, api::RESULT_SUFFIX);
        let result = self.say(Message::Result, &path, &[], b"")?;
        assert!([200, 503].contains(&result.status));
        Ok(())
    }

    fn collect(&mut self) -> Result<(), Interrupted> {
        self.approve();
        let submission = self.application.id;
        let receipt_code = self.application.form.receipt_code.clone();
        let open = CollectOpen {
            by: CollectBy::Code { receipt_code },
        };
        let opened: CollectOpened = self.post(Message::Open, &open)?.json();
        assert!(opened.phone_code_needed);
        let purpose = CodePurpose::Collect;
        let request = CodeRequest {
            purpose,
            submission,
            iin: None,
        };
        assert_eq!(self.post(Message::SendCode, &request)?.status, 200);
        let check = CodeCheck {
            purpose,
            submission,
            code: self.office.newest_code(PHONE).as_str().into(),
        };
        let checked: CodeChecked = self.post(Message::CheckCode, &check)?.json();
        assert!(matches!(checked, CodeChecked::Right { .. }));
        let opened: CollectOpened = self.post(Message::OpenProven, &open)?.json();
        let nonce = match opened.key_wanted {
            Some(wanted) => self.make_key(&wanted)?,
            // The desk may still be looking at a key that came before the cut.
            None => eventually("a nonce", || {
                let opened = self.kiosk.post(self.office, api::COLLECT_OPEN, &open);
                opened.json::<CollectOpened>().nonce
            }),
        };
        let prove = CollectProve {
            submission,
            signature: self.token.sign(submission, &nonce),
            nonce,
        };
        let mut answer = self.post(Message::Prove, &prove)?;
        while answer.status == 202 {
            answer = self.kiosk.post(self.office, api::COLLECT_PROVE, &prove);
        }
        let issued: CollectIssued = answer.json();
        let confirm = CollectConfirm {
            submission,
            certificate_sha256: self.token.install(&issued),
        };
        assert_eq!(self.post(Message::Confirm, &confirm)?.status, 204);
        Ok(())
    }

    /// The request says what the desk approved.
    fn make_key(&mut self, wanted: &KeyWanted) -> Result<String, Interrupted> {
        let desk = office::keys::verifying_key(&self.kiosk.provisioned.decision_key_pem).unwrap();
        let approved = wanted.approved.verify(&desk).unwrap();
        let csr = self.token.request(Subject {
            holder: &approved.holder,
            iin: &approved.iin,
            email: &approved.email,
        });
        let (id, kiosk) = (approved.submission, self.kiosk.id.clone());
        let made = KeyMade::new(id, kiosk, csr, wanted.nonce, approved.approved_at).unwrap();
        let signed = Signed::new(&made, &self.kiosk.manifest_key);
        let mut answer = self.post(Message::MakeKey, &signed)?;
        while answer.status == 202 {
            answer = self.kiosk.post(self.office, api::COLLECT_KEY, &signed);
        }
        match answer.json() {
            KeyStanding::Taken { nonce } => Ok(nonce),
            KeyStanding::Waiting => panic!("with status 200"),
        }
    }

    pub fn approve(&self) {
        let id = self.application.id.to_string();
        eventually("the desk has looked", || {
            let state = self.office.state_of(&id);
            ["open", "approved"].contains(&&*state).then_some(())
        });
        if self.office.state_of(&id) == "open" {
            self.office.command(&["approve", &id]);
        }
    }

    /// What the queue of the kiosk does when it has power again: everything once more.
    pub fn queue_goes_on(&self) {
        let id = self.application.id;
        for (part, sealed) in &self.sealed.parts {
            let created = self.kiosk.create_upload(self.office, id, *part, sealed);
            assert_eq!(created.status, 201, "{:?}", created.seen());
            let location = created.header("location").unwrap();
            let offset = self.kiosk.offset(self.office, location);
            let rest = &sealed[usize::try_from(offset).unwrap()..];
            if !rest.is_empty() {
                let sent = self.kiosk.patch(self.office, location, offset, rest);
                assert_eq!(sent.status, 204);
            }
        }
        let signed = Signed::new(&self.sealed.manifest, &self.kiosk.manifest_key);
        let answer = self.kiosk.put_manifest(self.office, id, &signed);
        assert_eq!(answer.status, 200, "{:?}", answer.seen());
    }

    /// The citizen comes to another kiosk with the same token.
    pub fn goes_on_at(&mut self, other: &'a Kiosk) {
        if self.cut.is_some_and(|cut| cut.message.is_upload()) {
            self.queue_goes_on();
        }
        self.approve();
        (self.kiosk, self.cut) = (other, None);
        let receipt_code = self.application.form.receipt_code.clone();
        let open = CollectOpen {
            by: CollectBy::Code { receipt_code },
        };
        let opened = other.post(self.office, api::COLLECT_OPEN, &open);
        // Confirmed before the cut: there is nothing left to collect.
        if opened.status != 404 {
            self.collect().unwrap();
        }
    }

    /// One certificate, confirmed, beside its key; everything else is in the list that
    /// the authority publishes.
    ///
    /// Gives how many others there were.
    pub fn ends_well(&self) -> usize {
        let database = office::db::Database::open(&self.office.dir().join("office.db")).unwrap();
        let sql = "SELECT serial, sha256, state FROM certificate
            WHERE submission = ? AND serial IS NOT NULL";
        let all: Vec<(String, String, String)> = database
            .read(|c| {
                c.prepare(sql)?
                    .query_map([self.application.id.to_string()], |r| {
                        Ok((r.get(0)?, r.get(1)?, r.get(2)?))
                    })?
                    .collect()
            })
            .unwrap();
        let (live, ended): (Vec<_>, Vec<_>) = all.iter().partition(|(.., s)| s != "revoked");
        let [(serial, sha256, state)] = live.as_slice() else {
            panic!("{all:?}");
        };
        assert_eq!(state, "confirmed");
        assert_eq!(self.token.holds().unwrap().to_string(), *sha256);
        let revoked = revoked(self.office);
        assert!(!revoked.contains(serial));
        assert!(ended.iter().all(|(serial, ..)| revoked.contains(serial)));
        ended.len()
    }
}

/// The serial numbers of the published list.
pub fn revoked(office: &Office) -> Vec<String> {
    let list = CertificateList::from_der(&office.read("public/revoked.crl")).unwrap();
    let entries = list.tbs_cert_list.revoked_certificates.unwrap_or_default();
    let serial = |e: &x509_cert::crl::RevokedCert| hex::encode(e.serial_number.as_bytes());
    entries.iter().map(serial).collect()
}
