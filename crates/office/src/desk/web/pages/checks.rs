//! What the office found, check by check, in the operator's language.

use exchange::SubmissionKind;
use maud::{Markup, html};

use crate::desk::web::shell::{Sign, sign};
use crate::desk::web::words::Words;
use crate::desk::{Detail, Finding};

/// How one check came out; what needs the operator's eye comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Failed,
    /// The office cannot tell; the operator looks.
    Judge,
    Passed,
}

/// Every check that could be made of this submission, and how it came out. What
/// could not even be looked at (there is no form) is not listed as passed.
fn checks<'a>(words: &'a Words, detail: &Detail) -> Vec<(&'a str, Verdict)> {
    let w = words;
    let has = |code: &str| detail.summary.findings.iter().any(|f| f.code() == code);
    let broken = has("part_missing") || has("part_unreadable");
    let mut checks = vec![
        (w.parts_whole, failed_if(broken)),
        (w.manifest_signed, failed_if(has("manifest_unsigned"))),
    ];
    if detail.subject_key_identifier.is_some() || has("request_wrong") {
        checks.push((w.request_right, failed_if(has("request_wrong"))));
    }
    if detail.form.is_none() {
        return checks;
    }
    if detail.subject_key_identifier.is_some() {
        checks.push((w.request_same, failed_if(has("request_differs"))));
    }
    checks.push((w.receipt_code_same, failed_if(has("receipt_code_differs"))));
    checks.push((w.iin_right, failed_if(has("iin_refused"))));
    checks.push((w.person_known, failed_if(has("person_unknown"))));
    if !has("person_unknown") {
        checks.push((w.name_same, judge_if(has("name_differs"))));
    }
    let phone = [
        ("phone_proof_wrong", w.phone_right, Verdict::Failed),
        ("phone_changed_since", w.phone_changed_since, Verdict::Judge),
        ("phone_unproven", w.phone_not_proven, Verdict::Judge),
        ("phone_requested", w.phone_new, Verdict::Judge),
    ];
    let troubles = phone.iter().filter(|(code, ..)| has(code));
    let before = checks.len();
    checks.extend(troubles.map(|(_, text, verdict)| (*text, *verdict)));
    if checks.len() == before {
        checks.push((w.phone_right, Verdict::Passed));
    }
    if has("clock_doubtful") {
        checks.push((w.clock_unsure, Verdict::Judge));
    }
    match detail.kind {
        SubmissionKind::Renewal => renewal(w, has, &mut checks),
        SubmissionKind::Enrolment | SubmissionKind::KeylessEnrolment => {
            document(w, has, &mut checks);
            if has("iin_mismatch") {
                checks.push((w.iin_mismatch, Verdict::Judge));
            }
            // Seen by nobody else: the office compares no faces by itself.
            checks.push((w.same_face, Verdict::Judge));
            checks.push((w.followed_prompts, Verdict::Judge));
        }
    }
    checks
}

/// What the old certificate and its key showed.
fn renewal<'a>(w: &'a Words, has: impl Fn(&str) -> bool, checks: &mut Vec<(&'a str, Verdict)>) {
    if has("part_unreadable") || has("part_missing") {
        return;
    }
    checks.push((w.renewal_ours, failed_if(has("renewal_foreign"))));
    checks.push((w.renewal_in_time, failed_if(has("renewal_expired"))));
    // Of a certificate that is not recorded here nothing is known.
    if !has("renewal_foreign") {
        checks.push((w.renewal_not_revoked, failed_if(has("renewal_revoked"))));
        let changed = has("renewal_phone_changed");
        checks.push((w.renewal_phone_same, judge_if(changed)));
    }
    checks.push((w.renewal_person, failed_if(has("renewal_other_person"))));
    if !has("renewal_other_person") {
        checks.push((w.renewal_name, judge_if(has("renewal_name_differs"))));
    }
    checks.push((w.renewal_signed, failed_if(has("renewal_unsigned"))));
    checks.push((w.renewal_nonce, failed_if(has("renewal_nonce_wrong"))));
    checks.push((w.renewal_new_key, failed_if(has("renewal_same_key"))));
}

/// Where the document's data come from, and whether that can be believed.
fn document<'a>(w: &'a Words, has: impl Fn(&str) -> bool, checks: &mut Vec<(&'a str, Verdict)>) {
    match (has("document_typed"), has("document_printed")) {
        (true, _) => checks.push((w.document_typed, Verdict::Judge)),
        (_, true) => checks.push((w.document_printed, Verdict::Judge)),
        _ => {
            checks.push((w.document_chip, Verdict::Passed));
            checks.push(if has("document_unverified") {
                (w.document_unverified, Verdict::Judge)
            } else {
                (w.document_genuine, failed_if(has("document_not_genuine")))
            });
            if has("chip_may_be_copied") {
                checks.push((w.chip_may_be_copied, Verdict::Judge));
            }
            checks.push((w.document_in_force, failed_if(has("document_expired"))));
        }
    }
    checks.push((w.document_same, failed_if(has("document_differs"))));
    if has("iin_not_compared") {
        checks.push((w.iin_not_compared, Verdict::Judge));
    }
}

fn failed_if(found: bool) -> Verdict {
    if found {
        Verdict::Failed
    } else {
        Verdict::Passed
    }
}

fn judge_if(found: bool) -> Verdict {
    if found {
        Verdict::Judge
    } else {
        Verdict::Passed
    }
}

/// Whether an operator may approve; the desk itself refuses otherwise.
pub fn approvable(detail: &Detail) -> bool {
    detail.form.is_some()
        && !detail
            .summary
            .findings
            .iter()
            .any(|f: &Finding| f.forbids_approval())
}

pub fn section(words: &Words, detail: &Detail) -> Markup {
    let mut checks = checks(words, detail);
    checks.sort_by_key(|(_, verdict)| *verdict);
    html! {
        section.card aria-labelledby="checks" {
            h2 #checks { (words.checks) }
            ul.checks {
                @for (text, verdict) in checks {
                    @let (class, icon, said) = match verdict {
                        Verdict::Passed => ("good", Sign::Good, words.check_passed),
                        Verdict::Failed => ("bad", Sign::Bad, words.check_failed),
                        Verdict::Judge => ("judge", Sign::Judge, words.check_judge),
                    };
                    li class=(class) {
                        (sign(icon))
                        span { (text) }
                        span.verdict { (said) }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use exchange::{Language, PartName, SubmissionId, UnixMillis, api::Decision};

    use super::*;
    use crate::db::submissions::SubmissionState;
    use crate::desk::{PhoneView, Summary};

    fn detail(findings: Vec<Finding>) -> Detail {
        let at = UnixMillis(1_795_365_960_000);
        Detail {
            summary: Summary {
                id: SubmissionId::from_parts(at, &[1; 10]),
                kiosk: "demo-1".parse().unwrap(),
                sequence: 1,
                received_at: at,
                state: SubmissionState::Open,
                findings,
                decided_at: None,
                decided_by: None,
                collected: false,
            },
            kind: SubmissionKind::Enrolment,
            decision: Decision::Pending,
            form: None,
            phone: PhoneView::default(),
            subject_key_identifier: None,
            document_checks: Vec::new(),
            certificates: Vec::new(),
            parts: vec![PartName::Form],
        }
    }

    #[test]
    fn what_was_not_looked_at_is_not_called_confirmed() {
        let words = Words::of(Language::En);
        let part = PartName::Form;
        let broken = detail(vec![Finding::PartUnreadable { part }]);
        assert_eq!(
            checks(words, &broken),
            [
                (words.parts_whole, Verdict::Failed),
                (words.manifest_signed, Verdict::Passed),
            ]
        );
        assert!(!approvable(&broken));
    }
}
