//! What was examined of a document, check by check.

use serde::{Deserialize, Serialize};

use crate::file_id::DataGroup;

/// One thing examined. Kiosk and office name it alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckName {
    /// EF.SOD is a CMS SignedData with one LDS security object (ICAO 9303-10, 4.6.2).
    SodStructure,
    /// The signed attributes carry the digest of the LDS security object.
    SodContentDigest,
    /// The document signer signed them.
    SodSignature,
    /// EF.COM, where there is one, lists the data groups that EF.SOD hashes.
    ComAgreesWithSod,
    /// The digest of a data group is the one in EF.SOD.
    DataGroupDigest(DataGroup),
    /// A CSCA certificate signed the document signer's.
    SignerChain,
    /// That CSCA certificate belongs to the document's issuing state.
    SignerState,
    /// The document was signed while both certificates were valid.
    SignerValidity,
    /// The document signer is on no revocation list that was given.
    SignerRevocation,
    /// EF.CardSecurity, where it was read, is signed as EF.SOD is: by a document signer
    /// of the issuing state, whose certificate was valid and is not revoked (ICAO
    /// 9303-10, 3.11.4).
    CardSecurity,
    /// EF.CardSecurity or DG14 says of PACE what EF.CardAccess said before anything was
    /// protected.
    CardAccessAgrees,
    /// The chip has the private key of EF.CardSecurity or DG14. Cannot be examined again
    /// later.
    ChipAuthentication,
    /// The chip has the private key of DG15 (ICAO 9303-11, 6.1).
    ActiveAuthentication,
}

/// `sod_signature`, `data_group_digest DG2`, ...
impl std::fmt::Display for CheckName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            CheckName::SodStructure => "sod_structure",
            CheckName::SodContentDigest => "sod_content_digest",
            CheckName::SodSignature => "sod_signature",
            CheckName::ComAgreesWithSod => "com_agrees_with_sod",
            CheckName::DataGroupDigest(group) => {
                return write!(f, "data_group_digest DG{}", group.number());
            }
            CheckName::SignerChain => "signer_chain",
            CheckName::SignerState => "signer_state",
            CheckName::SignerValidity => "signer_validity",
            CheckName::SignerRevocation => "signer_revocation",
            CheckName::CardSecurity => "card_security",
            CheckName::CardAccessAgrees => "card_access_agrees",
            CheckName::ChipAuthentication => "chip_authentication",
            CheckName::ActiveAuthentication => "active_authentication",
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Passed,
    /// It holds, by something weaker than it should, such as SHA-1.
    Warning,
    Failed,
    /// It could not be examined: the document has nothing to examine, or nothing to
    /// compare with was given.
    NotDone,
}

/// A check with its outcome and, for people, why. The reason names algorithms and
/// files, never anything personal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    pub name: CheckName,
    pub outcome: Outcome,
    /// Empty where `Passed` says all.
    pub reason: String,
}

impl Check {
    pub fn passed(name: CheckName) -> Check {
        Check {
            name,
            outcome: Outcome::Passed,
            reason: String::new(),
        }
    }

    pub fn failed(name: CheckName, reason: impl Into<String>) -> Check {
        Check {
            name,
            outcome: Outcome::Failed,
            reason: reason.into(),
        }
    }

    pub fn warning(name: CheckName, reason: impl Into<String>) -> Check {
        Check {
            name,
            outcome: Outcome::Warning,
            reason: reason.into(),
        }
    }

    pub fn not_done(name: CheckName, reason: impl Into<String>) -> Check {
        Check {
            name,
            outcome: Outcome::NotDone,
            reason: reason.into(),
        }
    }
}

/// Whether the chip has shown that it is no copy: by active authentication, or by chip
/// authentication under keys that the state signed. Those of EF.CardSecurity are worth
/// no more than its signature.
pub fn is_no_copy(checks: &[Check]) -> bool {
    let holds = |check: &Check| matches!(check.outcome, Outcome::Passed | Outcome::Warning);
    let held = |name| {
        checks
            .iter()
            .any(|check| check.name == name && holds(check))
    };
    let keys_are_signed = checks
        .iter()
        .filter(|check| check.name == CheckName::CardSecurity)
        .all(holds);
    held(CheckName::ActiveAuthentication)
        || (keys_are_signed && held(CheckName::ChipAuthentication))
}

/// Several checks as one word: the worst of them, `NotDone` of an empty list.
/// `NotDone` is worse than `Warning` and better than `Failed`.
pub fn summary(checks: &[Check]) -> Outcome {
    worst(checks).map_or(Outcome::NotDone, |check| check.outcome)
}

/// The first of the worst, in the order of [`summary`].
pub(crate) fn worst(checks: &[Check]) -> Option<&Check> {
    let badness = |check: &&Check| match check.outcome {
        Outcome::Passed => 0,
        Outcome::Warning => 1,
        Outcome::NotDone => 2,
        Outcome::Failed => 3,
    };
    // The last of equals is what `max_by_key` gives.
    checks.iter().rev().max_by_key(badness)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_nobody_signed_prove_nothing() {
        let chip = Check::passed(CheckName::ChipAuthentication);
        let active = Check::passed(CheckName::ActiveAuthentication);
        let signed = Check::passed(CheckName::CardSecurity);
        let unknown = Check::not_done(CheckName::CardSecurity, "no CSCA certificate");
        assert!(is_no_copy(std::slice::from_ref(&chip)));
        assert!(is_no_copy(&[signed, chip.clone()]));
        assert!(!is_no_copy(&[unknown.clone(), chip]));
        assert!(is_no_copy(&[unknown, active]));
        assert!(!is_no_copy(&[]));
    }
}
