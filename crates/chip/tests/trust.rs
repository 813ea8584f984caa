//! Whom to believe: links, master lists, revocation lists and files of them.

mod issuer;

use chip::digest_algorithm::DigestAlgorithm::*;
use chip::master_list::MasterListError;
use chip::passive::verify;
use chip::trust::{MasterListReport, Trust, TrustError};
use chip::{CheckName, Outcome};
use issuer::*;
use openssl::nid::Nid;
use proptest::prelude::*;

fn outcome_of(document: &Document, trust: &Trust, name: CheckName) -> Outcome {
    let checks = verify(&document.files(), trust, READ_AT);
    let check = checks.into_iter().find(|check| check.name == name);
    check.unwrap().outcome
}

fn chain(document: &Document, trust: &Trust) -> Outcome {
    outcome_of(document, trust, CheckName::SignerChain)
}

fn trust_of(certificates: &[&[u8]]) -> Trust {
    let mut trust = Trust::default();
    for certificate in certificates {
        trust.add_certificate(certificate).unwrap();
    }
    trust
}

/// The new key is known only through certificates that the keys before it signed.
#[test]
fn links_are_followed_from_key_to_key() {
    let document = Document::plain();
    let (oldest, middle) = (Key::generate(P256), Key::generate(P256));
    // As many states do, all keys under one name; and with one name each.
    for own_names in [false, true] {
        let named = |common: &str| match own_names {
            true => name("KZ", common),
            false => name("KZ", "CSCA"),
        };
        let mut template = Template::csca("KZ");
        template.subject = named("one");
        template.issuer = named("one");
        let root = template.certify(&oldest, &oldest);
        template.subject = named("two");
        let first = template.certify(&middle, &oldest);
        template.subject = name("KZ", "CSCA");
        template.issuer = named("two");
        let second = template.certify(&document.csca_key, &middle);

        // In any order; and not without one of them.
        for order in [[&root, &first, &second], [&second, &first, &root]] {
            let trust = trust_of(&order.map(|der| der.as_slice()));
            assert_eq!(chain(&document, &trust), Outcome::Passed);
        }
        for missing in [[&root, &second], [&first, &second]] {
            let trust = trust_of(&missing.map(|der| der.as_slice()));
            assert_eq!(chain(&document, &trust), Outcome::Failed);
        }
    }
}

/// A ring of links without a root ends.
#[test]
fn links_in_a_ring_are_no_anchor() {
    let document = Document::plain();
    let other = Key::generate(P256);
    let template = Template::csca("KZ");
    let trust = trust_of(&[
        &template.certify(&document.csca_key, &other),
        &template.certify(&other, &document.csca_key),
    ]);
    assert_eq!(chain(&document, &trust), Outcome::Failed);
}

/// Two keys that certify each other again and again, as a master list may say: the
/// ways through them are millions, the certificates few.
#[test]
fn many_rings_of_links_end_soon() {
    let document = Document::plain();
    let other = Key::generate(P256);
    let mut template = Template::csca("KZ");
    let mut trust = Trust::default();
    for serial in 1..=20 {
        template.serial = vec![serial];
        for (key, by) in [(&document.csca_key, &other), (&other, &document.csca_key)] {
            trust.add_certificate(&template.certify(key, by)).unwrap();
        }
    }
    assert_eq!(chain(&document, &trust), Outcome::Failed);
    // With a root behind them the way is found, and is no longer than it must be.
    let root = template.certify(&other, &other);
    trust.add_certificate(&root).unwrap();
    assert_eq!(chain(&document, &trust), Outcome::Passed);
}

/// A certificate with this key but without the right to sign others.
#[test]
fn only_authorities_are_taken() {
    let key = Key::generate(P256);
    let mut template = Template::csca("KZ");
    template.authority = false;
    let certificate = template.certify(&key, &key);
    assert!(matches!(
        Trust::from_der(&certificate),
        Err(TrustError::NotAuthority)
    ));
    template.authority = true;
    template.key_usage = (0x80, 7);
    assert!(Trust::from_der(&template.certify(&key, &key)).is_err());
    template.key_usage = (0x06, 1);
    let certificate = template.certify(&key, &key);
    assert_eq!(Trust::from_der(&certificate).unwrap().len(), 1);
    let longer = [&certificate[..], &[0]].concat();
    assert!(Trust::from_der(&longer).is_err());
}

struct Lister {
    root_key: Key,
    root: Vec<u8>,
    key: Key,
    template: Template,
    envelope: Envelope,
}

impl Lister {
    fn new(kind: Kind) -> Lister {
        let root_key = Key::generate(kind);
        let root = Template::csca("UT").certify(&root_key, &root_key);
        let mut template = Template::signer("UT");
        template.issuer = name("UT", "CSCA");
        template.purpose = Some(MASTER_LIST_SIGNING_KEY);
        let mut envelope = Envelope::new(CSCA_MASTER_LIST);
        envelope.signing_time = Some("240601000000Z");
        Lister {
            root_key,
            root,
            key: Key::generate(P256),
            template,
            envelope,
        }
    }

    fn list(&self, certificates: &[Vec<u8>]) -> Vec<u8> {
        let signer = self.template.certify(&self.key, &self.root_key);
        self.envelope.sign(
            &master_list(certificates),
            &self.template,
            &[&signer, &self.root],
            &self.key,
        )
    }

    fn refused(&self, list: &[u8]) -> MasterListError {
        let roots = trust_of(&[&self.root]);
        let mut trust = Trust::default();
        let error = trust.add_master_list(list, &roots).unwrap_err();
        assert!(trust.is_empty(), "nothing of a refused list is believed");
        match error {
            TrustError::MasterList(error) => error,
            other => panic!("{other}"),
        }
    }
}

#[test]
fn a_master_list_of_a_known_signer_is_believed() {
    for kind in [
        Kind::ExplicitEc(Nid::BRAINPOOL_P384R1, Sha384),
        Kind::Pss(Sha256, Sha256, 32),
    ] {
        let lister = Lister::new(kind);
        let document = Document::plain();
        let no_authority = document.signer_der();
        let list = lister.list(&[document.csca_der(), no_authority, b"\x30\x00".to_vec()]);
        let mut trust = Trust::default();
        let report = trust
            .add_master_list(&list, &trust_of(&[&lister.root]))
            .unwrap();
        assert_eq!(
            report,
            MasterListReport {
                added: 1,
                refused: 2
            }
        );
        assert_eq!(chain(&document, &trust), Outcome::Passed);
        assert_eq!(trust.countries().into_iter().collect::<Vec<_>>(), ["KZ"]);
    }
}

#[test]
fn a_master_list_that_nobody_vouches_for_is_refused() {
    let document = Document::plain();
    let wanted = [document.csca_der()];
    let lister = Lister::new(P256);

    // Bare, as the content alone, with no signer at all, without signed attributes.
    let bare = master_list(&wanted);
    assert!(matches!(
        lister.refused(&bare),
        MasterListError::SignedData(_)
    ));
    let good = lister.list(&wanted);
    let unsigned = without_signer(&good);
    assert!(matches!(
        lister.refused(&unsigned),
        MasterListError::SignedData(_)
    ));
    let mut attributes = Lister::new(P256);
    attributes.envelope.without_attributes = true;
    assert!(matches!(
        attributes.refused(&attributes.list(&wanted)),
        MasterListError::SignedData(_)
    ));

    // Signed by somebody under a root of the same name that is not the one given.
    let stranger = Lister::new(P256);
    assert!(matches!(
        lister.refused(&stranger.list(&wanted)),
        MasterListError::Signature(_)
    ));
    let mut trust = Trust::default();
    assert!(trust.add_master_list(&good, &Trust::default()).is_err());
    let other_root = trust_of(&[&document.csca_der()]);
    assert!(matches!(
        trust.add_master_list(&good, &other_root),
        Err(TrustError::MasterList(MasterListError::UnknownSigner))
    ));

    // A document signer is no signer of master lists.
    let mut purpose = Lister::new(P256);
    purpose.template.purpose = None;
    assert_eq!(
        purpose.refused(&purpose.list(&wanted)),
        MasterListError::Purpose
    );
    let mut usage = Lister::new(P256);
    usage.template.key_usage = (0x08, 3);
    assert_eq!(
        usage.refused(&usage.list(&wanted)),
        MasterListError::Purpose
    );
    // One of another state than the CSCA that certified it.
    let mut foreign = Lister::new(P256);
    foreign.template.subject = name("KZ", "Master List Signer");
    assert_eq!(
        foreign.refused(&foreign.list(&wanted)),
        MasterListError::State
    );
    let mut sod = Lister::new(P256);
    sod.envelope.content_type = LDS_SECURITY_OBJECT;
    assert!(matches!(
        sod.refused(&sod.list(&wanted)),
        MasterListError::ContentType(_)
    ));

    // No time of signing, or one at which the signer was not valid.
    let mut timeless = Lister::new(P256);
    timeless.envelope.signing_time = None;
    assert_eq!(
        timeless.refused(&timeless.list(&wanted)),
        MasterListError::NoSigningTime
    );
    timeless.envelope.signing_time = Some("230601000000Z");
    assert_eq!(
        timeless.refused(&timeless.list(&wanted)),
        MasterListError::Validity
    );

    // A signer that its state took back.
    let mut roots = trust_of(&[&lister.root]);
    let list = revocation_list(&name("UT", "CSCA"), &lister.root_key, &[&[0x77]], 2027);
    roots.add_crl(&list).unwrap();
    assert!(matches!(
        trust.add_master_list(&good, &roots),
        Err(TrustError::MasterList(MasterListError::Revoked))
    ));

    // One certificate more in a signed list.
    let mut exchanged = good.clone();
    let csca = &wanted[0];
    let at = exchanged
        .windows(csca.len())
        .position(|window| window == csca)
        .unwrap();
    exchanged[at + csca.len() - 1] ^= 1;
    assert_eq!(lister.refused(&exchanged), MasterListError::Content);
}

/// The same SignedData with an empty SET of signers.
fn without_signer(cms: &[u8]) -> Vec<u8> {
    let outer = chip::tlv::only(cms, 0x30).unwrap();
    let mut fields = chip::TlvReader::new(outer);
    let kind = fields.next().unwrap().unwrap();
    let data = chip::tlv::only(fields.next().unwrap().unwrap().value, 0x30).unwrap();
    let mut parts: Vec<&[u8]> = chip::TlvReader::new(data).map(|o| o.unwrap().raw).collect();
    parts.pop();
    let empty = tlv(0x31, &[]);
    parts.push(&empty);
    sequence(&[kind.raw, &tlv(0xA0, &[&sequence(&parts)])])
}

#[test]
fn a_revoked_signer_is_failed() {
    let name_of_list = CheckName::SignerRevocation;
    let mut document = Document::plain();
    // Revoked ones with negative numbers are found, too.
    document.signer.serial = vec![0x80, 0x01];
    let csca = document.csca_der();
    let issuer = name("KZ", "CSCA");
    let listed = |serials: &[&[u8]], next| {
        let mut trust = trust_of(&[&csca]);
        let list = revocation_list(&issuer, &document.csca_key, serials, next);
        trust.add_crl(&list).unwrap();
        outcome_of(&document, &trust, name_of_list)
    };
    assert_eq!(listed(&[], 2027), Outcome::Passed);
    assert_eq!(listed(&[&[1], &[0x00, 0x80, 0x01]], 2027), Outcome::Passed);
    assert_eq!(listed(&[&[1], &[0x80, 0x01]], 2027), Outcome::Failed);
    assert_eq!(listed(&[], 2025), Outcome::Warning);
    assert_eq!(listed(&[&[0x80, 0x01]], 2025), Outcome::Failed);

    // After a change of key the new key's list speaks of the old key's signers.
    let newer = Key::generate(P256);
    let mut template = Template::csca("KZ");
    template.subject = name("KZ", "CSCA 2");
    let link = template.certify(&newer, &document.csca_key);
    let list = revocation_list(&template.subject, &newer, &[&[0x80, 0x01]], 2027);
    let mut trust = trust_of(&[&csca, &link]);
    trust.add_crl(&list).unwrap();
    assert_eq!(outcome_of(&document, &trust, name_of_list), Outcome::Failed);

    // Lists of others are not believed, nor do they count.
    let mut trust = trust_of(&[&csca]);
    let stranger = Key::generate(P256);
    let forged = revocation_list(&issuer, &stranger, &[], 2027);
    assert!(matches!(
        trust.add_crl(&forged),
        Err(TrustError::RevocationListSigner)
    ));
    let foreign = Template::csca("UT").certify(&stranger, &stranger);
    trust.add_certificate(&foreign).unwrap();
    let list = revocation_list(&name("UT", "CSCA"), &stranger, &[&[0x80, 0x01]], 2027);
    trust.add_crl(&list).unwrap();
    assert_eq!(
        outcome_of(&document, &trust, name_of_list),
        Outcome::NotDone
    );
}

fn pem(label: &str, der: &[u8]) -> String {
    let base64 = openssl::base64::encode_block(der);
    let lines: Vec<&str> = base64
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

#[test]
fn a_folder_of_everything_is_loaded_and_a_wrong_file_named() {
    let document = Document::plain();
    let lister = Lister::new(P256);
    let list = revocation_list(&name("KZ", "CSCA"), &document.csca_key, &[&[0x77]], 2027);
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    // Revocation lists sort before what they need: the order of files is no matter.
    write("a.crl", &list);
    write("b.ml", &lister.list(&[document.csca_der()]));
    let both = pem("CERTIFICATE", &lister.root) + &pem("X509 CRL", &list);
    let mixed = write("c.pem", both.as_bytes());
    write(".hidden", b"nothing");
    let trust = Trust::load(folder.path()).unwrap();
    assert_eq!(
        trust.countries().into_iter().collect::<Vec<_>>(),
        ["KZ", "UT"]
    );
    assert_eq!(chain(&document, &trust), Outcome::Passed);
    assert_eq!(
        outcome_of(&document, &trust, CheckName::SignerRevocation),
        Outcome::Failed
    );

    let alone = write("d.der", &document.csca_der());
    assert_eq!(Trust::load(&alone).unwrap().len(), 1);
    // That list is of nobody known there.
    let error = Trust::load(&mixed).unwrap_err().to_string();
    assert!(error.contains("c.pem"), "{error}");

    for wrong in [&b"not a certificate"[..], b"", b"-----BEGIN X-----"] {
        let path = write("wrong", wrong);
        let error = Trust::load(folder.path()).unwrap_err().to_string();
        assert!(error.contains("wrong"), "{error}");
        std::fs::remove_file(path).unwrap();
    }
    // A list whose signer nobody in the folder vouches for.
    write(
        "unknown.ml",
        &Lister::new(P256).list(&[document.csca_der()]),
    );
    let error = Trust::load(folder.path()).unwrap_err().to_string();
    assert!(error.contains("unknown.ml"), "{error}");
    assert!(Trust::load(&folder.path().join("none")).is_err());
}

fn anything(bytes: &[u8], roots: &Trust) {
    let mut trust = roots.clone();
    let _ = trust.add_certificate(bytes);
    let _ = trust.add_crl(bytes);
    let _ = trust.add_master_list(bytes, roots);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        anything(&bytes, &Trust::default());
        anything(&sequence(&[&bytes]), &Trust::default());
    }

    #[test]
    fn never_panics_on_changed_objects(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        static MADE: std::sync::OnceLock<(Trust, [Vec<u8>; 3])> = std::sync::OnceLock::new();
        let (roots, objects) = MADE.get_or_init(|| {
            let lister = Lister::new(P256);
            let list = revocation_list(&name("UT", "CSCA"), &lister.root_key, &[&[1]], 2027);
            let root = lister.root.clone();
            (trust_of(&[&root]), [lister.list(std::slice::from_ref(&root)), list, root])
        });
        for object in objects {
            let mut object = object.clone();
            for (at, value) in &changes {
                let at = at.index(object.len());
                object[at] = *value;
            }
            anything(&object, roots);
            anything(&object[..cut.index(object.len())], roots);
        }
    }
}
