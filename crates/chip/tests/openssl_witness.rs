//! OpenSSL's own CMS and chain building as a witness: what it refuses of EF.SOD is
//! refused here, and it opens what is made here.

mod issuer;

use chip::digest_algorithm::DigestAlgorithm::*;
use chip::passive::verify;
use chip::trust::Trust;
use chip::{CheckName, FileId, Outcome};
use issuer::*;
use openssl::cms::{CMSOptions, CmsContentInfo};
use openssl::nid::Nid;
use openssl::stack::Stack;
use openssl::x509::store::{X509Store, X509StoreBuilder};
use openssl::x509::verify::X509VerifyParam;
use openssl::x509::{X509, X509PurposeId};

fn store(csca: &[u8]) -> X509Store {
    let mut parameters = X509VerifyParam::new().unwrap();
    parameters.set_time(READ_AT.try_into().unwrap());
    parameters.set_purpose(X509PurposeId::ANY).unwrap();
    let mut store = X509StoreBuilder::new().unwrap();
    store.set_param(&parameters).unwrap();
    store.add_cert(X509::from_der(csca).unwrap()).unwrap();
    store.build()
}

/// The content, where OpenSSL finds digest, signature and chain in order.
fn witness(cms: &[u8], store: &X509Store) -> Option<Vec<u8>> {
    let none = Stack::new().unwrap();
    let mut content = Vec::new();
    let mut info = CmsContentInfo::from_der(cms).ok()?;
    info.verify(
        Some(&none),
        Some(store),
        None,
        Some(&mut content),
        CMSOptions::BINARY,
    )
    .ok()?;
    Some(content)
}

fn accepted_here(document: &Document, cms: &[u8], trust: &Trust) -> bool {
    let mut files = document.files();
    files.insert(FileId::Sod, tlv(0x77, &[cms]));
    let checks = verify(&files, trust, READ_AT);
    let needed = [
        CheckName::SodStructure,
        CheckName::SodContentDigest,
        CheckName::SodSignature,
        CheckName::SignerChain,
    ];
    needed.iter().all(|&name| {
        checks
            .iter()
            .any(|check| check.name == name && check.outcome == Outcome::Passed)
    })
}

#[test]
fn openssl_opens_what_is_accepted_here() {
    for (csca, signer) in [
        (P256, P256),
        (
            Kind::Ec(Nid::BRAINPOOL_P384R1, Sha384),
            Kind::Ec(Nid::BRAINPOOL_P256R1, Sha256),
        ),
        (Kind::Pss(Sha256, Sha256, 32), Kind::Pss(Sha512, Sha256, 20)),
        (
            Kind::Pkcs1(3072, 3, Sha384),
            Kind::Pkcs1(2048, 65537, Sha256),
        ),
    ] {
        let document = Document::new(csca, signer);
        let trust = Trust::from_der(&document.csca_der()).unwrap();
        let cms = document.cms();
        assert!(accepted_here(&document, &cms, &trust));
        assert_eq!(
            witness(&cms, &store(&document.csca_der())),
            Some(security_object(&document.groups, document.digest, false))
        );
    }
}

#[test]
fn what_openssl_refuses_is_refused_here() {
    let document = Document::plain();
    let csca = document.csca_der();
    let trust = Trust::from_der(&csca).unwrap();
    let store = store(&csca);
    let cms = document.cms();
    let (mut both_refuse, mut both_accept) = (0, 0);
    for at in 0..cms.len() {
        for bit in [0, 1, 5] {
            let mut other = cms.clone();
            other[at] ^= 1 << bit;
            let here = accepted_here(&document, &other, &trust);
            match (here, witness(&other, &store).is_some()) {
                (true, false) => panic!("byte {at} bit {bit} is accepted here alone"),
                (true, true) => both_accept += 1,
                (false, false) => both_refuse += 1,
                // Stricter than OpenSSL.
                (false, true) => {}
            }
        }
    }
    assert!(both_refuse > 1000 && both_accept > 0);
}
