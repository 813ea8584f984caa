//! A certificate authority of two certificates for tests, and a synthetic citizen.

use exchange::{EmailAddress, HolderName, Iin, IinPolicy, UnixMillis};
use keystore::{
    Chain, PrivateKey, PublicKey, Subject,
    certificate::{Contents, Draft, Serial, years},
    profile,
    subject::{distinguished_name, utf8},
};
use x509_cert::{Certificate, ext::pkix::BasicConstraints};

pub const NOW: UnixMillis = UnixMillis(1_790_000_000_000);

pub struct Citizen {
    pub holder: HolderName,
    pub iin: Iin,
    pub email: EmailAddress,
}

impl Citizen {
    pub fn aigul() -> Self {
        Self {
            holder: HolderName::new("СЕРІКҚЫЗЫ", "АЙГҮЛ", "ӘЛІМҚЫЗЫ").unwrap(),
            iin: Iin::parse("880412401006", IinPolicy::Strict).unwrap(),
            email: EmailAddress::parse("aigul@example.kz").unwrap(),
        }
    }

    pub fn subject(&self) -> Subject<'_> {
        Subject {
            holder: &self.holder,
            iin: &self.iin,
            email: &self.email,
        }
    }
}

pub struct TestAuthority {
    key: PrivateKey,
    root: Certificate,
}

impl TestAuthority {
    pub fn new() -> Self {
        let key = PrivateKey::generate(exchange::KeyAlgorithm::EcdsaP256).unwrap();
        let name =
            distinguished_name(vec![utf8(profile::COMMON_NAME, "Test CA").unwrap()]).unwrap();
        let mut contents = Contents {
            serial: Serial::random().unwrap(),
            issuer: name.clone(),
            subject: name,
            validity: years(NOW, 10).unwrap(),
            key: key.public().clone(),
            extensions: Vec::new(),
        };
        let constraints = BasicConstraints {
            ca: true,
            path_len_constraint: None,
        };
        contents.extension((true, &constraints)).unwrap();
        let draft = Draft::new(contents, key.public()).unwrap();
        let signature = key.sign(draft.to_be_signed()).unwrap();
        let root = draft.signed(&signature).unwrap();
        Self { key, root }
    }

    pub fn issue(&self, key: &PublicKey) -> Chain {
        let contents = Contents {
            serial: Serial::random().unwrap(),
            issuer: self.root.tbs_certificate().subject().clone(),
            subject: Citizen::aigul().subject().name().unwrap(),
            validity: years(NOW, 1).unwrap(),
            key: key.clone(),
            extensions: Vec::new(),
        };
        let draft = Draft::new(contents, self.key.public()).unwrap();
        let signature = self.key.sign(draft.to_be_signed()).unwrap();
        Chain::new(vec![draft.signed(&signature).unwrap(), self.root.clone()]).unwrap()
    }
}
