//! Passive authentication of documents made up here: what holds, what is refused, and
//! which check says so.

mod issuer;

use chip::digest_algorithm::DigestAlgorithm::*;
use chip::passive::verify;
use chip::trust::Trust;
use chip::{Check, CheckName, ChipFiles, DataGroup, FileId, Outcome};
use issuer::*;
use openssl::nid::Nid;

fn outcome(checks: &[Check], name: CheckName) -> Outcome {
    let mut found = checks.iter().filter(|check| check.name == name);
    let check = found.next().unwrap_or_else(|| panic!("{name} is missing"));
    assert!(found.next().is_none(), "{name} twice");
    check.outcome
}

fn reason(checks: &[Check], name: CheckName) -> &str {
    let check = checks.iter().find(|check| check.name == name).unwrap();
    &check.reason
}

fn run(document: &Document) -> Vec<Check> {
    let trust = Trust::from_der(&document.csca_der()).unwrap();
    verify(&document.files(), &trust, READ_AT)
}

/// Everything passed but what no revocation list could tell.
#[track_caller]
fn assert_genuine(checks: &[Check], allowed: Outcome) {
    for check in checks {
        let fine = match check.name {
            CheckName::SignerRevocation => Outcome::NotDone,
            _ => Outcome::Passed,
        };
        assert!(
            check.outcome == fine || check.outcome == allowed,
            "{}: {:?} {}",
            check.name,
            check.outcome,
            check.reason
        );
    }
}

#[test]
fn a_genuine_document_passes_every_check_in_order() {
    let checks = run(&Document::plain());
    assert_genuine(&checks, Outcome::Passed);
    let names: Vec<String> = checks.iter().map(|check| check.name.to_string()).collect();
    assert_eq!(
        names,
        [
            "sod_structure",
            "sod_content_digest",
            "sod_signature",
            "com_agrees_with_sod",
            "data_group_digest DG1",
            "data_group_digest DG2",
            "data_group_digest DG12",
            "signer_chain",
            "signer_state",
            "signer_validity",
            "signer_revocation",
        ]
    );
}

/// What states really sign with.
#[test]
fn keys_and_algorithms_of_states() {
    for (csca, signer) in [
        (
            Kind::Ec(Nid::BRAINPOOL_P384R1, Sha384),
            Kind::Ec(Nid::BRAINPOOL_P256R1, Sha256),
        ),
        (
            Kind::ExplicitEc(Nid::BRAINPOOL_P512R1, Sha512),
            Kind::ExplicitEc(Nid::BRAINPOOL_P224R1, Sha224),
        ),
        (
            Kind::ExplicitEc(Nid::SECP521R1, Sha512),
            Kind::Ec(Nid::X9_62_PRIME192V1, Sha224),
        ),
        (Kind::Pss(Sha512, Sha1, 17), Kind::Pss(Sha256, Sha256, 32)),
        (
            Kind::Pkcs1(3072, 3, Sha256),
            Kind::Pkcs1(2048, 65537, Sha512),
        ),
    ] {
        let document = Document::new(csca, signer);
        let checks = run(&document);
        assert_genuine(&checks, Outcome::Passed);
    }
}

#[test]
fn sha_1_holds_but_is_flagged_where_it_is_used() {
    let document = Document::new(
        Kind::Pkcs1(2048, 65537, Sha1),
        Kind::Ec(Nid::SECP224R1, Sha1),
    );
    let checks = run(&document);
    for name in [
        CheckName::SodContentDigest,
        CheckName::SodSignature,
        CheckName::DataGroupDigest(DataGroup::DG1),
        CheckName::SignerChain,
    ] {
        assert_eq!(outcome(&checks, name), Outcome::Warning, "{name}");
        assert!(reason(&checks, name).contains("SHA-1"));
    }
    assert_eq!(outcome(&checks, CheckName::SodStructure), Outcome::Passed);
    // The hash of the CSCA's own signature protects nothing here.
    let mut newer = Document::plain();
    newer.csca_key = Key::generate(Kind::Pkcs1(2048, 65537, Sha256));
    let mut own = newer.csca_key.clone();
    own.kind = Kind::Pkcs1(2048, 65537, Sha1);
    let trust = Trust::from_der(&newer.csca.certify(&newer.csca_key, &own)).unwrap();
    assert_genuine(&verify(&newer.files(), &trust, READ_AT), Outcome::Passed);
}

#[test]
fn forms_that_occur() {
    let mut by_key = Document::plain();
    by_key.signer.subject_key = Some(vec![7; 20]);
    by_key.envelope.by_subject_key = true;
    by_key.v1 = true;
    assert_genuine(&run(&by_key), Outcome::Passed);

    let mut negative = Document::plain();
    negative.signer.serial = vec![0x80, 0x01];
    negative.csca.serial = vec![0xFF];
    negative.envelope.unsigned_attributes = true;
    assert_genuine(&run(&negative), Outcome::Passed);

    let mut plain_rsa = Document::new(P256, Kind::Pkcs1(2048, 65537, Sha384));
    plain_rsa.envelope.rsa_encryption = true;
    assert_genuine(&run(&plain_rsa), Outcome::Passed);

    let mut data = Document::plain();
    data.envelope.content_type = DATA;
    let checks = run(&data);
    assert_eq!(outcome(&checks, CheckName::SodStructure), Outcome::Warning);
    assert_genuine(&checks, Outcome::Warning);

    // The issuer's name once in capitals and as UTF8String, once not.
    let mut spelt = Document::plain();
    spelt.signer.issuer = name("kz", "csca");
    assert_genuine(&run(&spelt), Outcome::Passed);
}

/// SEQUENCE, explicit tags and octet strings of EF.SOD without stated lengths.
#[test]
fn an_ef_sod_in_ber_is_read_like_one_in_der() {
    let document = Document::plain();
    let mut files = document.files();
    let ber = indefinite(&document.cms(), 4);
    assert_ne!(ber, document.cms());
    files.insert(FileId::Sod, tlv(0x77, &[&ber]));
    let trust = Trust::from_der(&document.csca_der()).unwrap();
    assert_genuine(&verify(&files, &trust, READ_AT), Outcome::Passed);
}

/// The outer elements of CMS with indefinite lengths, the content in two pieces.
fn indefinite(der: &[u8], depth: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for object in chip::TlvReader::new(der) {
        let object = object.unwrap();
        if object.is_constructed() && depth > 0 && !matches!(object.tag, 0x31) {
            out.extend([object.tag as u8, 0x80]);
            out.extend(indefinite(object.value, depth - 1));
            out.extend([0, 0]);
        } else if object.tag == 4 && depth > 0 {
            let (one, two) = object.value.split_at(object.value.len() / 2);
            out.extend([0x24, 0x80]);
            out.extend(tlv(4, &[one]));
            out.extend(tlv(4, &[two]));
            out.extend([0, 0]);
        } else {
            out.extend(object.raw);
        }
    }
    out
}

#[test]
fn what_cannot_be_compared_is_not_done() {
    let document = Document::plain();
    let checks = verify(&document.files(), &Trust::default(), READ_AT);
    assert_eq!(outcome(&checks, CheckName::SodSignature), Outcome::Passed);
    for name in [
        CheckName::SignerChain,
        CheckName::SignerState,
        CheckName::SignerValidity,
        CheckName::SignerRevocation,
    ] {
        assert_eq!(outcome(&checks, name), Outcome::NotDone, "{name}");
    }

    let trust = Trust::from_der(&document.csca_der()).unwrap();
    let mut files = document.files();
    drop(files.take(FileId::Com));
    drop(files.take(FileId::DataGroup(DataGroup::DG1)));
    let checks = verify(&files, &trust, READ_AT);
    assert_eq!(
        outcome(&checks, CheckName::ComAgreesWithSod),
        Outcome::NotDone
    );
    assert_eq!(outcome(&checks, CheckName::SignerState), Outcome::NotDone);
    assert_eq!(outcome(&checks, CheckName::SignerChain), Outcome::Passed);
    assert_eq!(checks.len(), 10);

    drop(files.take(FileId::Sod));
    let checks = verify(&files, &trust, READ_AT);
    assert!(checks.iter().all(|c| c.outcome == Outcome::NotDone));
    assert_eq!(checks.len(), 10);
    assert_eq!(verify(&ChipFiles::default(), &trust, READ_AT).len(), 8);

    // Of another state only: nothing to compare with. Of this state: a forgery.
    let foreign = Template::csca("UT").certify(&document.csca_key, &document.csca_key);
    let trust = Trust::from_der(&foreign).unwrap();
    let checks = verify(&document.files(), &trust, READ_AT);
    assert_eq!(outcome(&checks, CheckName::SignerChain), Outcome::NotDone);
    let mut other = Template::csca("KZ");
    other.subject = name("KZ", "Other CSCA");
    other.issuer = other.subject.clone();
    let trust = Trust::from_der(&other.certify(&document.csca_key, &document.csca_key)).unwrap();
    let checks = verify(&document.files(), &trust, READ_AT);
    assert_eq!(outcome(&checks, CheckName::SignerChain), Outcome::Failed);
}

/// A foreign state's CSCA, believed for its own documents, signs one of Kazakhstan.
#[test]
fn a_foreign_csca_cannot_sign_for_kazakhstan() {
    let mut foreign = Document::plain();
    foreign.csca = Template::csca("UT");
    for signer in ["UT", "KZ"] {
        foreign.signer = Template::signer(signer);
        foreign.signer.issuer = foreign.csca.subject.clone();
        let checks = run(&foreign);
        assert_eq!(outcome(&checks, CheckName::SignerChain), Outcome::Passed);
        assert_eq!(outcome(&checks, CheckName::SignerState), Outcome::Failed);
        assert!(reason(&checks, CheckName::SignerState).contains("UT"));
    }
    // Its own document is fine.
    foreign.signer = Template::signer("UT");
    foreign.groups[0].1 = dg1("UTO");
    assert_genuine(&run(&foreign), Outcome::Passed);

    // Nor by a link that calls the new key one of Kazakhstan.
    let home = Document::plain();
    let mut link = Template::csca("KZ");
    link.issuer = foreign.csca.subject.clone();
    let mut trust = Trust::from_der(&foreign.csca_der()).unwrap();
    trust
        .add_certificate(&link.certify(&home.csca_key, &foreign.csca_key))
        .unwrap();
    let checks = verify(&home.files(), &trust, READ_AT);
    assert_eq!(outcome(&checks, CheckName::SignerChain), Outcome::Failed);
}

#[test]
fn explicit_parameters_with_one_number_changed_are_refused() {
    let kind = Kind::ExplicitEc(Nid::BRAINPOOL_P256R1, Sha256);
    let mut document = Document::new(kind, kind);
    assert_genuine(&run(&document), Outcome::Passed);
    // The generator is the uncompressed point behind the tag 04 41 04.
    let mut info = document.signer_key.info.clone();
    let at = info
        .windows(3)
        .position(|window| window == [4, 0x41, 4])
        .unwrap();
    info[at + 10] ^= 1;
    document.signer.key_info = Some(info);
    let checks = run(&document);
    assert_eq!(outcome(&checks, CheckName::SodSignature), Outcome::Failed);
    assert!(reason(&checks, CheckName::SodSignature).contains("no known curve"));
    // The same in a CSCA certificate.
    let mut document = Document::new(kind, kind);
    let mut info = document.csca_key.info.clone();
    info[at + 10] ^= 1;
    document.csca.key_info = Some(info);
    let checks = run(&document);
    assert_eq!(outcome(&checks, CheckName::SignerChain), Outcome::Failed);
    assert!(reason(&checks, CheckName::SignerChain).contains("no known curve"));
}

#[test]
fn contradictions_are_failed_by_their_own_check() {
    let failed = |document: &Document, files: &ChipFiles| -> Vec<CheckName> {
        let trust = Trust::from_der(&document.csca_der()).unwrap();
        let checks = verify(files, &trust, READ_AT);
        let failed = checks.iter().filter(|c| c.outcome == Outcome::Failed);
        failed.map(|check| check.name).collect()
    };
    let document = Document::plain();

    // A data group from another document, and one that was never signed.
    let mut files = document.files();
    files.insert(FileId::DataGroup(DataGroup::DG12), dg12("20240702"));
    let dg12_digest = CheckName::DataGroupDigest(DataGroup::DG12);
    assert_eq!(failed(&document, &files), [dg12_digest]);
    let mut files = document.files();
    files.insert(FileId::DataGroup(DataGroup::DG11), tlv(0x6B, &[]));
    let dg11_digest = CheckName::DataGroupDigest(DataGroup::DG11);
    assert_eq!(failed(&document, &files), [dg11_digest]);

    // EF.COM hides a data group, or states another version.
    let mut files = document.files();
    files.insert(FileId::Com, com(&document.groups[..2], "0107"));
    assert_eq!(failed(&document, &files), [CheckName::ComAgreesWithSod]);
    let mut versioned = document.clone();
    versioned.v1 = true;
    let mut files = versioned.files();
    files.insert(FileId::Com, com(&document.groups, "0107"));
    assert_eq!(failed(&versioned, &files), [CheckName::ComAgreesWithSod]);

    // Signed without attributes, twice, or by a key for something else.
    let mut bare = document.clone();
    bare.envelope.without_attributes = true;
    assert_eq!(failed(&bare, &bare.files()), [CheckName::SodStructure]);
    let mut twice = document.clone();
    twice.envelope.twice = true;
    assert_eq!(failed(&twice, &twice.files()), [CheckName::SodStructure]);
    let mut usage = document.clone();
    usage.signer.key_usage = (0x08, 3);
    assert_eq!(failed(&usage, &usage.files()), [CheckName::SodSignature]);
    let mut lister = document.clone();
    lister.signer.purpose = Some(MASTER_LIST_SIGNING_KEY);
    assert_eq!(failed(&lister, &lister.files()), [CheckName::SodSignature]);
    let mut content = document.clone();
    content.envelope.content_type = CSCA_MASTER_LIST;
    assert_eq!(
        failed(&content, &content.files()),
        [CheckName::SodStructure]
    );

    // The digest of the LDS security object, not its signature.
    let mut files = document.files();
    let object = security_object(&document.groups, Sha256, false);
    let mut other = document.clone();
    other.groups[1].1[20] ^= 1;
    let exchanged = replaced(
        files.get(FileId::Sod).unwrap(),
        &object,
        &security_object(&other.groups, Sha256, false),
    );
    files.insert(FileId::Sod, exchanged);
    assert_eq!(
        failed(&document, &files),
        [
            CheckName::SodContentDigest,
            CheckName::DataGroupDigest(DataGroup::DG2)
        ]
    );
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = bytes
        .windows(from.len())
        .position(|window| window == from)
        .unwrap();
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}

#[test]
fn validity_is_that_of_the_signing_time() {
    let name = CheckName::SignerValidity;
    let mut document = Document::plain();
    // DG12: 2024-07-01, in the signer's years 2024 to 2034.
    let checks = run(&document);
    assert!(reason(&checks, name).contains("DG12"));
    document.signer.valid = (2025, 2034);
    assert_eq!(outcome(&run(&document), name), Outcome::Failed);
    // The signing time comes first.
    document.envelope.signing_time = Some("250601000000Z");
    let checks = run(&document);
    assert_eq!(outcome(&checks, name), Outcome::Passed);
    assert!(reason(&checks, name).contains("signing time"));
    // The signer has expired since: it had not when it signed.
    document.signer.valid = (2025, 2026);
    assert_eq!(outcome(&run(&document), name), Outcome::Passed);
    document.csca.valid = (2026, 2035);
    let checks = run(&document);
    assert!(reason(&checks, name).contains("CSCA"));
    assert_eq!(outcome(&checks, name), Outcome::Failed);
    // Signed after it was read.
    let mut document = Document::plain();
    document.envelope.signing_time = Some("300101000000Z");
    assert_eq!(outcome(&run(&document), name), Outcome::Failed);
    // Neither: the time of reading.
    let mut document = Document::plain();
    document.groups.pop();
    let checks = run(&document);
    assert_eq!(outcome(&checks, name), Outcome::Passed);
    assert!(reason(&checks, name).contains("today"));
    document.signer.valid = (2020, 2025);
    assert_eq!(outcome(&run(&document), name), Outcome::Failed);
    // A DG12 that nobody signed tells no date.
    let mut document = Document::plain();
    document.signer.valid = (2020, 2025);
    let mut files = document.files();
    files.insert(FileId::DataGroup(DataGroup::DG12), dg12("20240602"));
    let trust = Trust::from_der(&document.csca_der()).unwrap();
    let checks = verify(&files, &trust, READ_AT);
    assert_eq!(outcome(&checks, name), Outcome::Failed);
    assert!(reason(&checks, name).contains("today"));
}
