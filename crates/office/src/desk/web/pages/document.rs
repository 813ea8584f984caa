//! The document's chip, check by check, in the operator's language.

use chip::{Check, CheckName, Outcome};
use maud::{Markup, html};

use crate::desk::web::shell::{Sign, sign};
use crate::desk::web::words::Words;

pub fn section(words: &Words, checks: &[Check]) -> Markup {
    html! {
        section.card aria-labelledby="document-checks" {
            h2 #document-checks { (words.chip_checks) }
            ul.checks {
                @for check in checks {
                    @let (class, icon, said) = match check.outcome {
                        Outcome::Passed => ("good", Sign::Good, words.check_passed),
                        Outcome::Warning => ("judge", Sign::Judge, words.check_weak),
                        Outcome::Failed => ("bad", Sign::Bad, words.check_failed),
                        Outcome::NotDone => ("judge", Sign::Judge, words.check_not_done),
                    };
                    li class=(class) {
                        (sign(icon))
                        span {
                            (title(words, check.name))
                            @if let CheckName::DataGroupDigest(group) = check.name {
                                " DG" (group.number())
                            }
                        }
                        span.verdict {
                            (said)
                            // Names of files and algorithms, the same in every language.
                            @if !check.reason.is_empty() { ": " span lang="en" { (check.reason) } }
                        }
                    }
                }
            }
        }
    }
}

fn title(w: &Words, name: CheckName) -> &'static str {
    match name {
        CheckName::SodStructure => w.sod_structure,
        CheckName::SodContentDigest => w.sod_content_digest,
        CheckName::SodSignature => w.sod_signature,
        CheckName::ComAgreesWithSod => w.com_agrees_with_sod,
        CheckName::DataGroupDigest(_) => w.data_group_digest,
        CheckName::SignerChain => w.signer_chain,
        CheckName::SignerState => w.signer_state,
        CheckName::SignerValidity => w.signer_validity,
        CheckName::SignerRevocation => w.signer_revocation,
        CheckName::CardSecurity => w.card_security,
        CheckName::CardAccessAgrees => w.card_access_agrees,
        CheckName::ChipAuthentication => w.chip_authentication,
        CheckName::ActiveAuthentication => w.active_authentication,
    }
}
