use chip::pace::algorithm::Mapping;
use chip::{Access, ChipRead};
use exchange::{
    DocumentNumber, EmailAddress, HolderName, IdentityDocument, Iin, IinPolicy, KeyAlgorithm,
    Language, PhoneNumber, PhoneStanding, ReceiptCode, StorageType,
};
use specimen::{Authority, Pace, SeededRandom, Specimen, SpecimenConfig};

use super::*;

/// 2026-01-01; the specimen's card runs out in April 2031.
const NOW: UnixMillis = UnixMillis(1_767_225_600_000);
const IN_2032: UnixMillis = UnixMillis(1_956_528_000_000);

fn submission() -> SubmissionId {
    SubmissionId::from_parts(NOW, &[7; 10])
}

struct Case {
    trust: Trust,
    record: DocumentRecord,
    form: Form,
}

/// A card of Kazakhstan as a kiosk sends it, its state's certificate known here.
fn card() -> Case {
    card_signed_by("KZ")
}

/// Its PACE proves the key of EF.CardSecurity.
fn card_with_mapping() -> Case {
    made("KZ", Mapping::ChipAuthentication)
}

fn card_signed_by(country: &str) -> Case {
    made(country, Mapping::Generic)
}

fn made(country: &str, mapping: Mapping) -> Case {
    let mut random = SeededRandom::new(1);
    let authority = Authority::new(country, &mut random).unwrap();
    let config = SpecimenConfig::identity_card(specimen::portrait::silhouette(19_000).unwrap());
    let config = SpecimenConfig {
        pace: config.pace.map(|pace| Pace { mapping, ..pace }),
        ..config
    };
    let made = Specimen::new(config, &authority, &mut random).unwrap();
    let document = IdentityDocument {
        kind: DocumentKind::IdCard,
        read_by: ReadBy::Chip,
        number: DocumentNumber::parse("041236587").unwrap(),
        holder: HolderName::new("ҮЛГІ", "ӘЙГЕРІМ", "").unwrap(),
        atr: None,
        iin: IinComparison::Same,
        iin_mismatch_note: false,
    };
    let read = ChipRead {
        access: Access::Bac,
        files: made.files.clone(),
        checks: vec![],
        active: None,
        apdus: 1,
        bytes: 1,
    };
    let seen = vec![Check::passed(CheckName::ChipAuthentication)];
    Case {
        trust: Trust::from_der(authority.csca_der()).unwrap(),
        record: DocumentRecord {
            document: document.clone(),
            chip: Some(ChipRecord::new(read, seen, NOW, 1)),
        },
        form: Form {
            iin: Iin::parse("880412401006", IinPolicy::Strict).unwrap(),
            phone: PhoneStanding::Unproven {
                number: PhoneNumber::parse("+77010000001").unwrap(),
            },
            document,
            email: EmailAddress::parse("sample@example.kz").unwrap(),
            storage: StorageType::Pkcs12,
            algorithm: KeyAlgorithm::EcdsaP256,
            language: Language::Kk,
            consented_at: NOW,
            receipt_code: ReceiptCode::from_random(&[1; 12]),
        },
    }
}

impl Case {
    fn examine(&self) -> Examined {
        examine(&self.record, &self.form, submission(), &self.trust, NOW)
    }

    fn chip(&mut self) -> &mut ChipRecord {
        self.record.chip.as_mut().unwrap()
    }
}

fn outcome(seen: &Examined, name: CheckName) -> Outcome {
    let check = seen.checks.iter().find(|c| c.name == name);
    check.unwrap_or_else(|| panic!("{name} is missing")).outcome
}

#[test]
fn a_genuine_card_raises_nothing() {
    let seen = card().examine();
    assert_eq!(seen.findings, [], "{:?}", seen.checks);
    assert_eq!(outcome(&seen, CheckName::SignerState), Outcome::Passed);
    let asserted = seen
        .checks
        .iter()
        .find(|c| c.name == CheckName::ChipAuthentication);
    assert_eq!(asserted.unwrap().reason, "asserted by the kiosk");
}

#[test]
fn one_changed_byte_of_a_file_forbids_approval() {
    let mut case = card();
    let id = FileId::DataGroup(DataGroup::DG2);
    let mut file = case.chip().files.get(id).unwrap().to_vec();
    *file.last_mut().unwrap() ^= 1;
    case.chip().files.insert(id, file);
    let seen = case.examine();
    assert_eq!(seen.findings, [Finding::DocumentNotGenuine]);
    assert!(Finding::DocumentNotGenuine.forbids_approval());
    let changed = CheckName::DataGroupDigest(DataGroup::DG2);
    assert_eq!(outcome(&seen, changed), Outcome::Failed);
}

#[test]
fn a_card_of_kazakhstan_signed_by_another_state_is_not_genuine() {
    let seen = card_signed_by("UT").examine();
    assert_eq!(seen.findings, [Finding::DocumentNotGenuine]);
    assert_eq!(outcome(&seen, CheckName::SignerState), Outcome::Failed);
}

#[test]
fn without_the_states_certificate_it_is_unverified() {
    let mut case = card();
    case.trust = Trust::default();
    let seen = case.examine();
    assert_eq!(seen.findings, [Finding::DocumentUnverified]);
    assert!(!Finding::DocumentUnverified.forbids_approval());
}

#[test]
fn files_without_a_proof_of_the_chip_may_be_a_copy() {
    let mut case = card();
    case.chip().checks.clear();
    assert_eq!(case.examine().findings, [Finding::ChipMayBeCopied]);
}

/// The kiosk says that the mapping of PACE proved the key in EF.CardSecurity; whose key
/// that is the office sees for itself.
#[test]
fn card_security_is_examined_again() {
    let seen = card_with_mapping().examine();
    assert_eq!(seen.findings, [], "{:?}", seen.checks);
    assert_eq!(outcome(&seen, CheckName::CardSecurity), Outcome::Passed);

    let stranger = Authority::new("KZ", &mut SeededRandom::new(2)).unwrap();
    let content = stranger
        .sign_security_infos(&[0x31, 0], &mut SeededRandom::new(3))
        .unwrap();
    let mut case = card_with_mapping();
    case.chip().files.insert(FileId::CardSecurity, content);
    let seen = case.examine();
    assert_eq!(seen.findings, [Finding::DocumentNotGenuine]);
    assert_eq!(outcome(&seen, CheckName::CardSecurity), Outcome::Failed);
}

#[test]
fn a_data_group_with_the_chips_key_may_not_be_left_out() {
    let mut case = card();
    drop(case.chip().files.take(FileId::DataGroup(DataGroup::DG15)));
    let seen = case.examine();
    assert_eq!(seen.findings, [Finding::DocumentNotGenuine]);
    let name = CheckName::ActiveAuthentication;
    assert_eq!(outcome(&seen, name), Outcome::Failed);
}

#[test]
fn a_signature_for_another_submission_proves_nothing() {
    let mut case = card();
    case.chip().active = Some(ActiveProof {
        challenge: active_challenge(SubmissionId::from_parts(NOW, &[8; 10])),
        signature: vec![1; 64],
    });
    let seen = case.examine();
    assert_eq!(seen.findings, [Finding::DocumentNotGenuine]);
    let failed = outcome(&seen, CheckName::ActiveAuthentication);
    assert_eq!(failed, Outcome::Failed);
}

#[test]
fn the_form_may_not_say_otherwise() {
    let mut other_number = card();
    other_number.form.document.number = DocumentNumber::parse("999999999").unwrap();
    other_number.record.document = other_number.form.document.clone();
    assert_eq!(other_number.examine().findings, [Finding::DocumentDiffers]);

    let mut other_person = card();
    other_person.form.iin = Iin::parse("900101300811", IinPolicy::Strict).unwrap();
    assert_eq!(other_person.examine().findings, [Finding::DocumentDiffers]);

    let mut other_record = card();
    other_record.record.document.kind = DocumentKind::Passport;
    assert_eq!(other_record.examine().findings, [Finding::DocumentDiffers]);

    let mut no_chip = card();
    no_chip.record.chip = None;
    assert_eq!(no_chip.examine().findings, [Finding::DocumentDiffers]);
}

#[test]
fn an_expired_card_is_found_out() {
    let case = card();
    let seen = examine(&case.record, &case.form, submission(), &case.trust, IN_2032);
    assert_eq!(seen.findings, [Finding::DocumentExpired]);
}

#[test]
fn printed_and_typed_documents_are_said_to_be_such() {
    for (read_by, finding) in [
        (ReadBy::Mrz, Finding::DocumentPrinted),
        (ReadBy::Typed, Finding::DocumentTyped),
    ] {
        let mut case = card();
        case.form.document.read_by = read_by;
        case.form.document.iin = IinComparison::NotCompared;
        case.record.document = case.form.document.clone();
        case.record.chip = None;
        assert_eq!(case.examine().findings, [Finding::IinNotCompared, finding]);
    }
}
