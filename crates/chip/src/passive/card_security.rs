//! EF.CardSecurity: what EF.SOD is examined for in several checks, in one.

use super::signer::{self, SignedFile};
use super::{UnixSeconds, held};
use crate::card_security::CardSecurity;
use crate::check::{Check, CheckName, Outcome, worst};
use crate::file_id::FileId;
use crate::files::ChipFiles;
use crate::trust::Trust;

const NAME: CheckName = CheckName::CardSecurity;

/// `digests`: as for EF.SOD.
pub(super) fn examine(
    files: &ChipFiles,
    file: &[u8],
    digests: &[Check],
    trust: &Trust,
    at: UnixSeconds,
) -> Check {
    let card_security = match CardSecurity::parse(file) {
        Ok(card_security) => card_security,
        Err(error) => return Check::failed(NAME, error.to_string()),
    };
    let signed = SignedFile {
        data: &card_security.signed,
        id: FileId::CardSecurity,
    };
    if !signed.data.content_digest_matches() {
        return Check::failed(NAME, "its content is not the one that is signed");
    }
    let mut checks = vec![held(NAME, signed.data.signer.digest)];
    checks.extend(signer::examine(files, signed, digests, trust, at));
    // That no list was given stands in a check of its own for EF.SOD, and is no more
    // than a word here.
    let no_list = |check: &Check| {
        check.name == CheckName::SignerRevocation && check.outcome == Outcome::NotDone
    };
    let unlisted = checks.iter().find(|check| no_list(check)).cloned();
    checks.retain(|check| !no_list(check));
    match (worst(&checks), unlisted) {
        (Some(worst), Some(unlisted)) if worst.outcome == Outcome::Passed => Check {
            name: NAME,
            outcome: Outcome::Passed,
            reason: unlisted.reason,
        },
        (Some(worst), _) => Check {
            name: NAME,
            outcome: worst.outcome,
            reason: match worst.outcome {
                Outcome::Passed => String::new(),
                _ => format!("{}: {}", worst.name, worst.reason),
            },
        },
        (None, _) => Check::not_done(NAME, "nothing was examined"),
    }
}
