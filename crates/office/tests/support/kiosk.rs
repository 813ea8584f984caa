//! What a kiosk does, without its screens, devices and queue.

use std::io::Write;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use exchange::{
    Digest, DocumentKind, DocumentNumber, DocumentRecord, EmailAddress, Form, HolderName,
    IdentityDocument, Iin, IinComparison, IinPolicy, KeyAlgorithm, KioskId, Language, Manifest,
    PartName, PhoneNumber, PhoneStanding, ReadBy, ReceiptCode, SealedPart, Secret, Signed,
    SigningKey, StorageType, SubmissionId, SubmissionKind, TimeTrust, UnixMillis,
    api::{
        self, CodeCheck, CodeChecked, CodePurpose, CodeRequest, ProvisionAnswer, ProvisionRequest,
        Provisioned,
    },
    fingerprint_words,
    seal::{Place, Recipients, Sealing},
};
use keystore::{PrivateKey, Subject, csr};
use p256::pkcs8::EncodePublicKey;

use super::{Office, http::Answer, http::Client};

/// The demo citizen with the number below; synthetic.
pub const IIN: &str = "880412401006";
pub const PHONE: &str = "+77010000001";
pub const NAME: (&str, &str, &str) = ("ҮЛГІБЕКОВА", "САУЛЕ", "ҚАНАТҚЫЗЫ");

pub struct Kiosk {
    pub id: KioskId,
    pub client: Client,
    pub manifest_key: SigningKey,
    pub provisioned: Provisioned,
    /// What it was provisioned with.
    pub request: ProvisionRequest,
    sequence: std::cell::Cell<u64>,
}

/// The keys of a kiosk that is not provisioned yet.
pub struct NewKiosk {
    pub tls_key_pem: String,
    pub request: ProvisionRequest,
    pub manifest_key: SigningKey,
    pub words: Vec<String>,
}

impl NewKiosk {
    pub fn new(token: &str) -> Self {
        let tls = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let csr = request(&tls, &holder(NAME), IIN, "kiosk@example.kz");
        let manifest_key = office::keys::generate_signing_key().unwrap();
        let manifest_der = manifest_key.verifying_key().to_public_key_der().unwrap();
        Self {
            tls_key_pem: der::pem::encode_string(
                "PRIVATE KEY",
                der::pem::LineEnding::LF,
                &tls.to_pkcs8().unwrap(),
            )
            .unwrap(),
            words: fingerprint_words(&tls.public().to_der(), manifest_der.as_bytes()),
            request: ProvisionRequest {
                token: Secret::from(token),
                tls_csr_pem: csr::to_pem(&csr).unwrap(),
                manifest_key_pem: office::keys::public_pem(manifest_key.verifying_key()).unwrap(),
            },
            manifest_key,
        }
    }

    pub fn provision(&self, office: &Office) -> Answer {
        anyone(office).post(&office.address(), api::PROVISION, &self.request)
    }
}

/// A client without a certificate.
pub fn anyone(office: &Office) -> Client {
    Client::new(&office.read("public/tls_ca.pem"), None)
}

pub fn token(office: &Office, id: &str) -> String {
    let added = office.json(&["kiosk", "add", id]);
    added[0]["token"].as_str().unwrap().to_owned()
}

impl Kiosk {
    pub fn provision(office: &Office, id: &str) -> Self {
        let new = NewKiosk::new(&token(office, id));
        assert_eq!(new.provision(office).status, 200);
        office.command(&["kiosk", "confirm", id]);
        let ProvisionAnswer::Confirmed(provisioned) = new.provision(office).json() else {
            panic!("not confirmed");
        };
        let own = (
            provisioned.tls_certificate_pem.as_str(),
            new.tls_key_pem.as_str(),
        );
        Self {
            id: id.parse().unwrap(),
            client: Client::new(&office.read("public/tls_ca.pem"), Some(own)),
            manifest_key: new.manifest_key,
            provisioned: *provisioned,
            request: new.request,
            sequence: 0.into(),
        }
    }

    pub fn post<T: serde::Serialize>(&self, office: &Office, path: &str, body: &T) -> Answer {
        self.client.post(&office.address(), path, body)
    }

    pub fn send_code(&self, office: &Office, purpose: CodePurpose, id: SubmissionId) -> Answer {
        self.send_code_to(office, purpose, id, IIN)
    }

    pub fn send_code_to(
        &self,
        office: &Office,
        purpose: CodePurpose,
        id: SubmissionId,
        who: &str,
    ) -> Answer {
        let iin = (purpose == CodePurpose::Enrol).then(|| iin(who));
        let request = CodeRequest {
            purpose,
            submission: id,
            iin,
        };
        self.post(office, api::PHONE_CODE, &request)
    }

    pub fn check_code(
        &self,
        office: &Office,
        purpose: CodePurpose,
        id: SubmissionId,
        code: &str,
    ) -> CodeChecked {
        let check = CodeCheck {
            purpose,
            submission: id,
            code: code.into(),
        };
        let answer = self.post(office, api::PHONE_CHECK, &check);
        assert_eq!(answer.status, 200);
        answer.json()
    }

    /// Sends a code, reads it from the gateway, types it in; gives the proof.
    pub fn prove_phone(&self, office: &Office, purpose: CodePurpose, id: SubmissionId) -> String {
        let sent = self.send_code(office, purpose, id);
        assert_eq!(sent.status, 200, "{:?}", sent.seen());
        match self.check_code(office, purpose, id, &office.newest_code(PHONE)) {
            CodeChecked::Right { proof } => proof,
            other => panic!("{other:?}"),
        }
    }

    /// Seals all parts as the kiosk would, around `application`.
    pub fn seal(&self, application: &Application) -> Submission {
        self.seal_with_request(application, &application.csr())
    }

    pub fn seal_with_request(&self, application: &Application, csr: &[u8]) -> Submission {
        self.seal_as(SubmissionKind::Enrolment, application, csr)
    }

    /// Without a request: the key is made at collection.
    pub fn seal_keyless(&self, application: &Application) -> Submission {
        self.seal_as(SubmissionKind::KeylessEnrolment, application, b"")
    }

    fn seal_as(&self, kind: SubmissionKind, application: &Application, csr: &[u8]) -> Submission {
        let (id, form) = (application.id, &application.form);
        let plain = |part: PartName| match part {
            PartName::Form => serde_json::to_vec(form).unwrap(),
            PartName::ChipData => {
                let record = DocumentRecord {
                    document: form.document.clone(),
                    chip: None,
                };
                record.to_json().unwrap().to_vec()
            }
            PartName::Selfie | PartName::DocumentPhoto => application.picture.clone(),
            PartName::Video => application.video.clone(),
            PartName::AccountPin => b"482913".to_vec(),
            PartName::Csr => csr.to_vec(),
            PartName::RenewalProof => unreachable!("no part of an enrolment"),
        };
        let code = &form.receipt_code;
        self.seal_parts(id, kind, csr, code, plain)
    }

    /// `plain` gives the plaintext of each part.
    pub fn seal_parts(
        &self,
        id: SubmissionId,
        kind: SubmissionKind,
        csr: &[u8],
        receipt_code: &ReceiptCode,
        plain: impl Fn(PartName) -> Vec<u8>,
    ) -> Submission {
        let recipients = Recipients::parse(&self.provisioned.sealing_recipients).unwrap();
        let parts: Vec<(PartName, Vec<u8>)> = kind
            .parts()
            .iter()
            .map(|part| {
                let part = *part;
                let place = Place {
                    kiosk: self.id.clone(),
                    submission: id,
                    part,
                };
                let mut sealing = Sealing::start(&recipients, &place, Vec::new()).unwrap();
                sealing.write_all(&plain(part)).unwrap();
                (part, sealing.finish().unwrap())
            })
            .collect();
        self.sequence.set(self.sequence.get() + 1);
        let manifest = Manifest {
            submission: id,
            kiosk: self.id.clone(),
            sequence: self.sequence.get(),
            parts: parts
                .iter()
                .map(|(name, sealed)| SealedPart {
                    name: *name,
                    sha256: Digest::of(sealed),
                    length: sealed.len() as u64,
                })
                .collect(),
            csr_sha256: kind.brings_key().then(|| Digest::of(csr)),
            previous: Digest([0; 32]),
            committed_at: UnixMillis::from_system_clock(),
            time_trust: TimeTrust::OfficeConfirmed,
            receipt_code_sha256: Digest::of(receipt_code.expose().as_bytes()),
        };
        Submission { parts, manifest }
    }

    /// Creates an upload; gives its location.
    pub fn create_upload(
        &self,
        office: &Office,
        id: SubmissionId,
        part: PartName,
        sealed: &[u8],
    ) -> Answer {
        let metadata = metadata(id, part, &Digest::of(sealed));
        let length = sealed.len().to_string();
        self.client.request(
            &office.address(),
            "POST",
            api::UPLOADS,
            &[
                ("tus-resumable", "1.0.0"),
                ("upload-length", &length),
                ("upload-metadata", &metadata),
            ],
            b"",
        )
    }

    pub fn patch(&self, office: &Office, location: &str, offset: u64, bytes: &[u8]) -> Answer {
        let offset = offset.to_string();
        self.client.request(
            &office.address(),
            "PATCH",
            location,
            &[
                ("tus-resumable", "1.0.0"),
                ("upload-offset", &offset),
                ("content-type", "application/offset+octet-stream"),
            ],
            bytes,
        )
    }

    pub fn offset(&self, office: &Office, location: &str) -> u64 {
        let answer = self.client.request(
            &office.address(),
            "HEAD",
            location,
            &[("tus-resumable", "1.0.0")],
            b"",
        );
        assert_eq!(answer.status, 200);
        answer.header("upload-offset").unwrap().parse().unwrap()
    }

    pub fn upload(&self, office: &Office, id: SubmissionId, part: PartName, sealed: &[u8]) {
        let created = self.create_upload(office, id, part, sealed);
        assert_eq!(created.status, 201, "{:?}", created.seen());
        let location = created.header("location").unwrap();
        assert!(location.starts_with('/'), "relative: {location}");
        assert_eq!(self.patch(office, location, 0, sealed).status, 204);
    }

    pub fn put_manifest(
        &self,
        office: &Office,
        id: SubmissionId,
        signed: &Signed<Manifest>,
    ) -> Answer {
        let path = format!("{}/{id}/{}", api::SUBMISSIONS, api::MANIFEST_SUFFIX);
        let body = serde_json::to_vec(signed).unwrap();
        self.client
            .request(&office.address(), "PUT", &path, &[], &body)
    }

    /// Uploads every part and the manifest; gives the answer to the latter.
    pub fn submit(&self, office: &Office, submission: &Submission) -> Answer {
        let id = submission.manifest.submission;
        for (part, sealed) in &submission.parts {
            self.upload(office, id, *part, sealed);
        }
        let signed = Signed::new(&submission.manifest, &self.manifest_key);
        self.put_manifest(office, id, &signed)
    }

    pub fn result(&self, office: &Office, id: SubmissionId) -> Answer {
        let path = format!("{}/{id}/{}", api::SUBMISSIONS, api::RESULT_SUFFIX);
        self.client
            .request(&office.address(), "GET", &path, &[], b"")
    }
}

/// tus metadata of a part.
pub fn metadata(id: SubmissionId, part: PartName, sha256: &Digest) -> String {
    format!(
        "submission {},part {},sha256 {}",
        BASE64.encode(id.to_string()),
        BASE64.encode(part.as_str()),
        BASE64.encode(sha256.to_string())
    )
}

pub struct Submission {
    pub parts: Vec<(PartName, Vec<u8>)>,
    pub manifest: Manifest,
}

/// A citizen's application before it is sealed.
pub struct Application {
    pub id: SubmissionId,
    pub form: Form,
    pub key: PrivateKey,
    /// Selfie and document photo.
    pub picture: Vec<u8>,
    pub video: Vec<u8>,
}

impl Application {
    pub fn new(id: SubmissionId, phone: PhoneStanding) -> Self {
        let mut random = [0; 12];
        getrandom::fill(&mut random).unwrap();
        let algorithm = KeyAlgorithm::EcdsaP256;
        Self {
            id,
            form: Form {
                iin: iin(IIN),
                phone,
                document: IdentityDocument {
                    kind: DocumentKind::IdCard,
                    read_by: ReadBy::Typed,
                    number: DocumentNumber::parse("041236587").unwrap(),
                    holder: holder(NAME),
                    atr: None,
                    iin: IinComparison::NotCompared,
                    iin_mismatch_note: false,
                },
                email: EmailAddress::parse("sample@example.kz").unwrap(),
                storage: StorageType::Pkcs12,
                algorithm,
                language: Language::Kk,
                consented_at: UnixMillis::from_system_clock(),
                receipt_code: ReceiptCode::from_random(&random),
            },
            key: PrivateKey::generate(algorithm).unwrap(),
            picture: vec![0xFF; 40_000],
            video: vec![0x5A; 200_000],
        }
    }

    pub fn csr(&self) -> Vec<u8> {
        let form = &self.form;
        request(
            &self.key,
            &form.document.holder,
            form.iin.expose(),
            form.email.expose(),
        )
    }

    /// Base64 of the key's signature over the office's nonce.
    pub fn sign_nonce(&self, nonce: &str) -> String {
        let message = api::proof_bytes(self.id, nonce);
        BASE64.encode(self.key.sign(&message).unwrap())
    }
}

pub fn request(key: &PrivateKey, holder: &HolderName, who: &str, email: &str) -> Vec<u8> {
    let subject = Subject {
        holder,
        iin: &iin(who),
        email: &EmailAddress::parse(email).unwrap(),
    };
    let draft = csr::Draft::new(subject, StorageType::Pkcs12, None, key.public()).unwrap();
    let signature = key.sign(draft.to_be_signed()).unwrap();
    draft.signed(&signature).unwrap()
}

pub fn submission_id() -> SubmissionId {
    let mut random = [0; 10];
    getrandom::fill(&mut random).unwrap();
    SubmissionId::from_parts(UnixMillis::from_system_clock(), &random)
}

pub fn iin(text: &str) -> Iin {
    Iin::parse(text, IinPolicy::Strict).unwrap()
}

pub fn phone(text: &str) -> PhoneNumber {
    PhoneNumber::parse(text).unwrap()
}

pub fn holder((surname, given, patronymic): (&str, &str, &str)) -> HolderName {
    HolderName::new(surname, given, patronymic).unwrap()
}
