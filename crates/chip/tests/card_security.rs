//! EF.CardSecurity: signed as EF.SOD is, and what EF.CardAccess is compared with.

mod issuer;

use chip::card_access::compare;
use chip::card_security::CardSecurity;
use chip::passive::verify;
use chip::trust::Trust;
use chip::{Check, CheckName, ChipFiles, DataGroup, FileId, Outcome};
use issuer::*;

fn document() -> Document {
    let mut document = Document::plain();
    document.infos = Some(security_infos(&[PACE_CAM, CHIP_AUTHENTICATION]));
    document
}

fn checked(files: &ChipFiles, trust: &Trust) -> Check {
    let checks = verify(files, trust, READ_AT);
    let mut found = checks
        .into_iter()
        .filter(|check| check.name == CheckName::CardSecurity);
    let check = found.next().unwrap();
    assert!(found.next().is_none());
    check
}

fn run(document: &Document) -> Check {
    let trust = Trust::from_der(&document.csca_der()).unwrap();
    checked(&document.files(), &trust)
}

#[track_caller]
fn assert_refused(check: &Check, reason: &str) {
    assert_eq!(check.outcome, Outcome::Failed, "{}", check.reason);
    assert!(check.reason.contains(reason), "{}", check.reason);
}

#[test]
fn a_genuine_one_passes_and_says_what_nobody_could_tell() {
    let check = run(&document());
    assert_eq!(check.outcome, Outcome::Passed, "{}", check.reason);
    assert!(check.reason.contains("no revocation list"));
    // Of a document without the file nothing is said.
    let document = Document::plain();
    let trust = Trust::from_der(&document.csca_der()).unwrap();
    let checks = verify(&document.files(), &trust, READ_AT);
    assert!(checks.iter().all(|c| c.name != CheckName::CardSecurity));
}

#[test]
fn what_is_in_it_can_be_read() {
    let document = document();
    let file = document.card_security(document.infos.as_ref().unwrap());
    let card_security = CardSecurity::parse(&file).unwrap();
    assert_eq!(card_security.infos().pace.len(), 1);
    assert_eq!(card_security.infos().chip_authentication.len(), 1);
}

#[test]
fn each_way_to_be_no_genuine_one_has_its_reason() {
    // EF.SOD is another kind of file, though it is signed by the same key.
    let document = document();
    let trust = Trust::from_der(&document.csca_der()).unwrap();
    let mut files = document.files();
    files.insert(FileId::CardSecurity, document.cms());
    assert_refused(&checked(&files, &trust), "content type 2.23.136.1.1.1");
    files.insert(FileId::CardSecurity, vec![0x77, 0]);
    assert_refused(&checked(&files, &trust), "");

    // Of a signer of master lists; of one who was not valid; who has been revoked.
    let mut lister = document.clone();
    lister.signer.purpose = Some(MASTER_LIST_SIGNING_KEY);
    assert_refused(&run(&lister), "sod_signature");
    let mut late = document.clone();
    late.signer.valid = (2025, 2034);
    assert_refused(&run(&late), "signer_validity");
    let mut revoked = trust.clone();
    let list = revocation_list(
        &document.csca.subject,
        &document.csca_key,
        &[&document.signer.serial],
        2027,
    );
    revoked.add_crl(&list).unwrap();
    assert_refused(&checked(&document.files(), &revoked), "signer_revocation");
    assert_eq!(
        checked(&document.files(), &Trust::default()).outcome,
        Outcome::NotDone
    );
}

/// By which a forger would bring a chip of his own: EF.SOD of a genuine document, and
/// EF.CardSecurity with his key.
#[test]
fn a_key_signed_by_somebody_else_is_refused_beside_a_genuine_ef_sod() {
    let genuine = document();
    let trust = Trust::from_der(&genuine.csca_der()).unwrap();
    let mut files = genuine.files();
    let infos = genuine.infos.clone().unwrap();

    let stranger = document();
    files.insert(FileId::CardSecurity, stranger.card_security(&infos));
    assert_refused(&checked(&files, &trust), "signer_chain");

    // A foreign state that is believed for its own documents.
    let mut foreign = document();
    foreign.csca = Template::csca("UT");
    foreign.signer = Template::signer("UT");
    foreign.signer.issuer = foreign.csca.subject.clone();
    let mut trust = trust;
    trust.add_certificate(&foreign.csca_der()).unwrap();
    files.insert(FileId::CardSecurity, foreign.card_security(&infos));
    assert_refused(&checked(&files, &trust), "signer_state");
}

#[test]
fn card_access_is_compared_with_it() {
    let outcome = |card_access: &[&str], signed: &[&str], dg14: Option<&[&str]>| {
        let mut document = Document::plain();
        document.infos = Some(security_infos(signed));
        let mut files = document.files();
        if !card_access.is_empty() {
            files.insert(FileId::CardAccess, security_infos(card_access));
        }
        if let Some(dg14) = dg14 {
            let content = tlv(0x6E, &[&security_infos(dg14)]);
            files.insert(FileId::DataGroup(DataGroup::DG14), content);
        }
        compare(&files).outcome
    };
    let both = [PACE_CAM, PACE_GM];
    // In any order, among others; DG14 may say nothing of PACE then.
    let signed = [PACE_GM, CHIP_AUTHENTICATION, PACE_CAM];
    assert_eq!(outcome(&both, &signed, None), Outcome::Passed);
    let silent = [CHIP_AUTHENTICATION];
    assert_eq!(outcome(&both, &signed, Some(&silent)), Outcome::Passed);
    assert_eq!(outcome(&both, &signed, Some(&both)), Outcome::Passed);
    // Taken away, added, or said by DG14 otherwise; also what is none of PACE.
    assert_eq!(outcome(&[PACE_CAM], &signed, None), Outcome::Failed);
    assert_eq!(outcome(&[], &signed, None), Outcome::Failed);
    assert_eq!(outcome(&both, &[PACE_CAM], None), Outcome::Failed);
    assert_eq!(outcome(&both, &signed, Some(&[PACE_CAM])), Outcome::Failed);
    let more = [PACE_CAM, PACE_GM, "300F060A04007F00070202030204020101"];
    assert_eq!(outcome(&more, &signed, None), Outcome::Failed);
}
