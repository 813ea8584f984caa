//! The identity document, examined by the office itself: the kiosk's word counts
//! only where nobody can look again.

use chip::lds::dg1::Dg1;
use chip::trust::Trust;
use chip::{
    ActiveProof, Check, CheckName, ChipFiles, DataGroup, FileId, MrzFormat, Outcome,
    active_authentication, card_access, check, passive, sod,
};
use exchange::{
    ChipRecord, DocumentKind, DocumentRecord, Form, IinComparison, ReadBy, SubmissionId,
    UnixMillis, active_challenge,
};

use super::Finding;

/// What must have been examined and have held, before a document counts as verified.
const NEEDED: [CheckName; 6] = [
    CheckName::SodContentDigest,
    CheckName::SodSignature,
    CheckName::SignerChain,
    CheckName::SignerState,
    CheckName::DataGroupDigest(DataGroup::DG1),
    CheckName::DataGroupDigest(DataGroup::DG2),
];

/// Every check of the document, and what an operator must know of it.
#[derive(Default)]
pub struct Examined {
    pub checks: Vec<Check>,
    pub findings: Vec<Finding>,
}

/// `trust`: the CSCA certificates that this office believes. `at`: when the
/// submission came.
pub fn examine(
    record: &DocumentRecord,
    form: &Form,
    submission: SubmissionId,
    trust: &Trust,
    at: UnixMillis,
) -> Examined {
    let mut seen = Examined::default();
    if record.document != form.document {
        seen.findings.push(Finding::DocumentDiffers);
    }
    if form.document.iin == IinComparison::NotCompared {
        seen.findings.push(Finding::IinNotCompared);
    }
    match (form.document.read_by, &record.chip) {
        (ReadBy::Chip, Some(chip)) => seen.chip(chip, form, submission, trust, at),
        // It says that a chip was read and brings none, or the other way round.
        (ReadBy::Chip, None) | (ReadBy::Mrz | ReadBy::Typed, Some(_)) => {
            seen.note(Finding::DocumentDiffers);
        }
        (ReadBy::Mrz, None) => seen.note(Finding::DocumentPrinted),
        (ReadBy::Typed, None) => seen.note(Finding::DocumentTyped),
    }
    seen
}

impl Examined {
    fn note(&mut self, finding: Finding) {
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    fn chip(
        &mut self,
        chip: &ChipRecord,
        form: &Form,
        submission: SubmissionId,
        trust: &Trust,
        at: UnixMillis,
    ) {
        let seconds = u64::try_from(at.0 / 1000).unwrap_or(0);
        self.checks = passive::verify(&chip.files, trust, seconds);
        self.checks.push(card_access::compare(&chip.files));
        self.checks.push(asserted(chip));
        self.checks
            .push(active(&chip.files, chip.active.as_ref(), submission));
        self.checks.sort_by_key(|check| check.name);

        let outcome = |name| {
            let found = self.checks.iter().find(|check| check.name == name);
            found.map_or(Outcome::NotDone, |check| check.outcome)
        };
        let held = |name| matches!(outcome(name), Outcome::Passed | Outcome::Warning);
        let failed = self.checks.iter().any(|c| c.outcome == Outcome::Failed);
        let unexamined = !NEEDED.into_iter().all(held);
        let copyable = !check::is_no_copy(&self.checks);
        if failed {
            self.note(Finding::DocumentNotGenuine);
        } else if unexamined {
            self.note(Finding::DocumentUnverified);
        } else if copyable {
            self.note(Finding::ChipMayBeCopied);
        }
        self.contents(&chip.files, form, at);
    }

    /// What the chip says of document and person is what the form says.
    fn contents(&mut self, files: &ChipFiles, form: &Form, at: UnixMillis) {
        let parsed = files.get(FileId::DataGroup(DataGroup::DG1)).map(Dg1::parse);
        let Some(Ok(Dg1 { mrz })) = parsed else {
            return self.note(Finding::DocumentDiffers);
        };
        let format = match form.document.kind {
            DocumentKind::IdCard => MrzFormat::Td1,
            DocumentKind::Passport => MrzFormat::Td3,
        };
        let other_person = mrz
            .optional_iin()
            .is_some_and(|carried| carried != form.iin.expose());
        if mrz.format() != format
            || mrz.document_number() != form.document.number.expose()
            || other_person
        {
            self.note(Finding::DocumentDiffers);
        }
        if expired(&mrz, at) {
            self.note(Finding::DocumentExpired);
        }
    }
}

fn expired(mrz: &chip::Mrz, at: UnixMillis) -> bool {
    let Ok(moment) = jiff::Timestamp::from_millisecond(at.0) else {
        return false;
    };
    let date = moment.to_zoned(jiff::tz::TimeZone::UTC).date();
    let part = |value: i8| u8::try_from(value).unwrap_or(1);
    u16::try_from(date.year())
        .is_ok_and(|year| mrz.expired_on(year, part(date.month()), part(date.day())))
}

/// Chip authentication leaves nothing behind that could be looked at again.
fn asserted(chip: &ChipRecord) -> Check {
    let name = CheckName::ChipAuthentication;
    let Some(said) = chip.checks.iter().find(|check| check.name == name) else {
        return Check::not_done(name, "the kiosk says nothing of it");
    };
    let reason = match said.reason.as_str() {
        "" => "asserted by the kiosk".to_owned(),
        reason => format!("asserted by the kiosk: {reason}"),
    };
    Check {
        reason,
        ..said.clone()
    }
}

/// Only a signature over this submission's own challenge says anything.
fn active(files: &ChipFiles, proof: Option<&ActiveProof>, submission: SubmissionId) -> Check {
    let name = CheckName::ActiveAuthentication;
    let group = |number| files.get(FileId::DataGroup(number));
    match (group(DataGroup::DG15), proof) {
        (None, _) if sod::lists(files, DataGroup::DG15) => {
            Check::failed(name, "EF.SOD has a digest of DG15, which did not come")
        }
        (None, _) => Check::not_done(name, "the document has no DG15"),
        (Some(_), None) => Check::not_done(name, "the kiosk brought no signature"),
        (Some(_), Some(proof)) if proof.challenge != active_challenge(submission) => {
            Check::failed(name, "signed for another submission")
        }
        (Some(dg15), Some(proof)) => active_authentication::verify(
            dg15,
            group(DataGroup::DG14),
            &proof.challenge,
            &proof.signature,
        ),
    }
}

#[cfg(test)]
mod tests;
