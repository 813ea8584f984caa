//! What the maker writes, with OpenSSL as the witness.

use chip::lds::com::Com;
use chip::lds::dg2::Dg2;
use chip::lds::dg11::Dg11;
use chip::lds::dg12::{Dg12, IssueDate};
use chip::pace::algorithm::Mapping;
use chip::{DataGroup, FileId, Mrz};
use openssl::cms::{CMSOptions, CmsContentInfo};
use openssl::hash::{MessageDigest, hash};
use openssl::nid::Nid;
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::verify::X509VerifyParam;
use openssl::x509::{X509, X509Crl, X509PurposeId};
use specimen::{
    Authority, AuthorityConfig, Digest, Pace, Scheme, SeededRandom, Specimen, SpecimenConfig,
    portrait,
};

fn card(seed: u64) -> (Authority, Specimen) {
    let mut random = SeededRandom::new(seed);
    let authority = Authority::new("KZ", &mut random).unwrap();
    let config = SpecimenConfig::identity_card(portrait::silhouette(19_000).unwrap());
    let specimen = Specimen::new(config, &authority, &mut random).unwrap();
    (authority, specimen)
}

/// Signature, chain and certificates; gives the signed content.
fn verified(signed: &[u8], csca: &[u8]) -> Vec<u8> {
    // OpenSSL asks signers for an e-mail purpose, which these do not have.
    let mut parameters = X509VerifyParam::new().unwrap();
    parameters.set_purpose(X509PurposeId::ANY).unwrap();
    let mut store = X509StoreBuilder::new().unwrap();
    store.set_param(&parameters).unwrap();
    store.add_cert(X509::from_der(csca).unwrap()).unwrap();
    let (store, options) = (store.build(), CMSOptions::BINARY);
    let mut cms = CmsContentInfo::from_der(signed).unwrap();
    let mut content = Vec::new();
    cms.verify(None, Some(&store), None, Some(&mut content), options)
        .unwrap();
    content
}

#[test]
fn openssl_verifies_the_security_object_and_finds_every_digest_in_it() {
    let (authority, specimen) = card(1);
    let sod = specimen.files.get(FileId::Sod).unwrap();
    assert_eq!(sod[..2], [0x77, 0x82]);
    let content = verified(&sod[4..], authority.csca_der());
    let mut groups = 0;
    for (id, file) in specimen.files.iter() {
        if let FileId::DataGroup(_) = id {
            let digest = hash(MessageDigest::sha256(), file).unwrap();
            assert!(content.windows(32).any(|part| part == &*digest), "{id}");
            groups += 1;
        }
    }
    assert_eq!(groups, 6);
}

#[test]
fn openssl_verifies_card_security_over_what_dg14_says_too() {
    let mut random = SeededRandom::new(9);
    let authority = Authority::new("KZ", &mut random).unwrap();
    let config = SpecimenConfig::identity_card(portrait::silhouette(9_000).unwrap());
    let config = SpecimenConfig {
        pace: config.pace.map(|pace| Pace {
            mapping: Mapping::ChipAuthentication,
            ..pace
        }),
        ..config
    };
    let specimen = Specimen::new(config, &authority, &mut random).unwrap();
    let file = specimen.files.get(FileId::CardSecurity).unwrap();
    let content = verified(file, authority.csca_der());
    let dg14 = FileId::DataGroup(DataGroup::DG14);
    assert!(specimen.files.get(dg14).unwrap().ends_with(&content));
}

#[test]
fn openssl_verifies_signatures_of_every_scheme() {
    let mut random = SeededRandom::new(2);
    let exponent = 65537;
    for (csca, signer) in [
        (
            Scheme::RsaPkcs1 {
                bits: 2048,
                exponent,
                digest: Digest::Sha256,
            },
            Scheme::RsaPss {
                bits: 2048,
                exponent,
                digest: Digest::Sha256,
            },
        ),
        (
            Scheme::RsaPss {
                bits: 2048,
                exponent,
                digest: Digest::Sha512,
            },
            Scheme::ecdsa(Nid::SECP521R1, Digest::Sha512),
        ),
    ] {
        let config = AuthorityConfig {
            csca,
            signer,
            ..AuthorityConfig::default()
        };
        let authority = Authority::with("KZ", config, &mut random).unwrap();
        let list = authority
            .master_list(&[authority.csca_der()], &mut random)
            .unwrap();
        let content = verified(&list, authority.csca_der());
        assert!(content.ends_with(authority.csca_der()));
    }
}

#[test]
fn certificates_and_revocation_lists_say_what_they_are() {
    let (authority, _) = card(3);
    let csca = X509::from_der(authority.csca_der()).unwrap();
    let signer = X509::from_der(authority.signer_der()).unwrap();
    let country = |name: &openssl::x509::X509NameRef| {
        let entry = name.entries_by_nid(Nid::COUNTRYNAME).next().unwrap();
        entry.data().as_slice().to_vec()
    };
    assert_eq!(country(csca.subject_name()), b"KZ");
    assert_eq!(country(signer.issuer_name()), b"KZ");
    assert!(csca.verify(&csca.public_key().unwrap()).unwrap());
    assert!(signer.verify(&csca.public_key().unwrap()).unwrap());
    assert_eq!(
        signer.authority_key_id().unwrap().as_slice(),
        csca.subject_key_id().unwrap().as_slice()
    );

    let mut random = SeededRandom::new(4);
    for revoked in [false, true] {
        let list = authority
            .revocation_list(revoked, "260101000000Z", &mut random)
            .unwrap();
        let list = X509Crl::from_der(&list).unwrap();
        assert!(list.verify(&csca.public_key().unwrap()).unwrap());
        let entries = list.get_revoked().map_or(0, |stack| stack.len());
        assert_eq!(entries, usize::from(revoked));
    }
}

#[test]
fn one_seed_makes_one_document() {
    let (_, first) = card(5);
    let (_, second) = card(5);
    let (_, other) = card(6);
    assert_eq!(first.files, second.files);
    assert_ne!(first.files, other.files);
}

#[test]
fn the_first_data_group_is_the_printed_zone() {
    let (_, specimen) = card(7);
    let lines: Vec<&str> = specimen.mrz.iter().map(String::as_str).collect();
    assert_eq!(Mrz::parse(&lines).unwrap().surname(), "ULGI");
    let file = specimen
        .files
        .get(FileId::DataGroup(DataGroup::DG1))
        .unwrap();
    assert_eq!(file[..5], [0x61, 93, 0x5F, 0x1F, 90]);
    assert_eq!(&file[5..], lines.concat().as_bytes());
}

/// By the parsers that the reader has.
#[test]
fn the_data_groups_say_what_was_configured() {
    let (_, specimen) = card(8);
    let file = |number| {
        let group = DataGroup::new(number).unwrap();
        specimen.files.get(FileId::DataGroup(group)).unwrap()
    };
    let portrait = Dg2::parse(file(2)).unwrap();
    assert_eq!(portrait.faces().len(), 1);
    assert_eq!(portrait.faces()[0].bytes(), specimen.config.portrait);
    let person = Dg11::parse(file(11)).unwrap();
    let name = person.full_name.as_ref().unwrap();
    assert_eq!(name.surname, "ҮЛГІ");
    assert_eq!(name.given_names, "ӘЙГЕРІМ");
    assert_eq!(person.personal_number.as_deref(), Some("880412401006"));
    assert_eq!(person.birth_date.as_deref(), Some("19880412"));
    let document = Dg12::parse(file(12)).unwrap();
    assert_eq!(document.issue_date, IssueDate::new(2021, 4, 12));
    let com = Com::parse(specimen.files.get(FileId::Com).unwrap()).unwrap();
    let listed: Vec<u8> = com.data_groups.iter().map(|group| group.number()).collect();
    assert_eq!(listed, [1, 2, 11, 12, 14, 15]);
}
