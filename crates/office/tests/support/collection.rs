//! An application from its arrival to the certificate in the citizen's storage.

use exchange::{
    Digest, PhoneStanding,
    api::{
        self, CodePurpose, CollectBy, CollectConfirm, CollectIssued, CollectOpen, CollectOpened,
        CollectProve,
    },
};

use super::{
    Office, eventually,
    http::Answer,
    kiosk::{Application, Kiosk, PHONE, phone, submission_id},
};

/// One application on its way, at one kiosk.
pub struct Collection {
    pub office: Office,
    pub kiosk: Kiosk,
    pub application: Application,
}

impl Collection {
    /// An application with a proven phone, received.
    pub fn proven() -> Self {
        Self::with(Office::start(), true)
    }

    /// One taken offline: the phone is still to be proven.
    pub fn unproven() -> Self {
        Self::with(Office::start(), false)
    }

    pub fn with(office: Office, proven: bool) -> Self {
        let kiosk = Kiosk::provision(&office, "kiosk-1");
        let id = submission_id();
        let standing = if proven {
            let proof = kiosk.prove_phone(&office, CodePurpose::Enrol, id);
            PhoneStanding::Proven { proof }
        } else {
            let number = phone(PHONE);
            PhoneStanding::Unproven { number }
        };
        let application = Application::new(id, standing);
        let answer = kiosk.submit(&office, &kiosk.seal(&application));
        assert_eq!(answer.status, 200);
        Self {
            office,
            kiosk,
            application,
        }
    }

    pub fn approve(&self) {
        self.office.approve(&self.application.id.to_string());
    }

    pub fn open(&self, by: CollectBy) -> Answer {
        let open = CollectOpen { by };
        self.kiosk.post(&self.office, api::COLLECT_OPEN, &open)
    }

    pub fn waiting(&self) -> CollectOpened {
        let submission = self.application.id;
        self.open(CollectBy::Waiting { submission }).json()
    }

    pub fn by_code(&self) -> CollectOpened {
        let receipt_code = self.application.form.receipt_code.clone();
        self.open(CollectBy::Code { receipt_code }).json()
    }

    pub fn prove_with(&self, nonce: &str, signature: String) -> Answer {
        let prove = CollectProve {
            submission: self.application.id,
            nonce: nonce.to_owned(),
            signature,
        };
        self.kiosk.post(&self.office, api::COLLECT_PROVE, &prove)
    }

    /// Signs as the citizen's storage would and waits for the certificate.
    pub fn issued(&self, nonce: &str) -> CollectIssued {
        let signature = self.application.sign_nonce(nonce);
        eventually("the authority has signed", || {
            let answer = self.prove_with(nonce, signature.clone());
            match answer.status {
                202 => None,
                200 => Some(answer.json()),
                _ => panic!("{:?}", answer.seen()),
            }
        })
    }

    pub fn confirm(&self, issued: &CollectIssued) -> Answer {
        let confirm = CollectConfirm {
            submission: self.application.id,
            certificate_sha256: Digest::of(&der(&issued.certificate_pem)),
        };
        self.kiosk
            .post(&self.office, api::COLLECT_CONFIRM, &confirm)
    }
}

pub fn der(pem: &str) -> Vec<u8> {
    der::pem::decode_vec(pem.as_bytes()).unwrap().1
}

impl Collection {
    /// Approved, issued, confirmed: the certificate, PEM.
    pub fn collected(&self) -> String {
        self.approve();
        let issued = self.issued(&self.waiting().nonce.unwrap());
        assert_eq!(self.confirm(&issued).status, 204);
        issued.certificate_pem
    }
}

/// Of a certificate in PEM, as the office shows it.
pub fn serial(pem: &str) -> String {
    let certificate = keystore::certificate::from_pem(pem).unwrap();
    hex::encode(certificate.tbs_certificate().serial_number().as_bytes())
}
