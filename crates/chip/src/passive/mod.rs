//! Passive authentication (ICAO 9303-11, 5.1): the files are those that the issuing
//! state signed. It says nothing of the chip they came from; a copy passes.
//!
//! Not protected by anything, and so not examined:
//! - in EF.SOD the CMS version numbers, as long as they are possible ones; capital
//!   and small letters in the name by which the signer's certificate is looked up;
//!   digest algorithms announced beside the signer's; unsigned attributes;
//!   certificates and revocation lists sent along that are not the signer's; where it
//!   is written in BER, how it is cut into pieces; the form of the length behind 77;
//! - EF.COM but for its list, and for its versions where EF.SOD repeats them;
//! - in EF.CardSecurity the same as in EF.SOD;
//! - EF.CardAccess but for what EF.CardSecurity and DG14 say again; EF.ATR/INFO;
//! - what EF.SOD has no digest of: such a data group fails its check.

mod card_security;
mod signer;

use crate::check::{Check, CheckName, Outcome};
use crate::digest_algorithm::DigestAlgorithm;
use crate::file_id::{DataGroup, FileId};
use crate::files::ChipFiles;
use crate::lds::Com;
use crate::sod::{LdsSecurityObject, Sod};
use crate::trust::Trust;
use signer::SignedFile;

/// Seconds since 1970 in UTC.
pub type UnixSeconds = u64;

/// What needs EF.SOD.
const OF_SOD: [CheckName; 8] = [
    CheckName::SodStructure,
    CheckName::SodContentDigest,
    CheckName::SodSignature,
    CheckName::ComAgreesWithSod,
    CheckName::SignerChain,
    CheckName::SignerState,
    CheckName::SignerValidity,
    CheckName::SignerRevocation,
];

/// One check for each thing examined, in the order of [`CheckName`]; a digest for
/// each data group among the files, and one check for EF.CardSecurity where it is. A document is genuine only where none failed and
/// none is [`Outcome::NotDone`] that the caller asks for.
///
/// `at` is the time of reading. It stands in for the time of signing only where
/// neither EF.SOD nor DG12 tells one.
pub fn verify(files: &ChipFiles, trust: &Trust, at: UnixSeconds) -> Vec<Check> {
    let mut checks = match files.get(FileId::Sod).map(Sod::parse) {
        None => unexamined(files, None, "EF.SOD was not read"),
        Some(Err(error)) => {
            let failed = Check::failed(CheckName::SodStructure, error.to_string());
            unexamined(files, Some(failed), "EF.SOD cannot be read")
        }
        Some(Ok(sod)) => examined(files, &sod, trust, at),
    };
    if let Some(file) = files.get(FileId::CardSecurity) {
        checks.push(card_security::examine(files, file, &checks, trust, at));
    }
    checks.sort_by_key(|check| check.name);
    checks
}

fn unexamined(files: &ChipFiles, structure: Option<Check>, reason: &str) -> Vec<Check> {
    let groups = data_groups(files).map(|(group, _)| CheckName::DataGroupDigest(group));
    OF_SOD
        .into_iter()
        .chain(groups)
        .filter(|&name| structure.is_none() || name != CheckName::SodStructure)
        .map(|name| Check::not_done(name, reason))
        .chain(structure.clone())
        .collect()
}

fn examined(files: &ChipFiles, sod: &Sod, trust: &Trust, at: UnixSeconds) -> Vec<Check> {
    let object = sod.security_object();
    let mut checks = vec![
        structure(sod),
        content_digest(sod),
        com_agrees(files, object),
    ];
    let digests: Vec<Check> = data_groups(files)
        .map(|(group, content)| group_digest(object, group, content))
        .collect();
    let signed = SignedFile {
        data: &sod.signed,
        id: FileId::Sod,
    };
    checks.extend(signer::examine(files, signed, &digests, trust, at));
    checks.extend(digests);
    checks
}

fn data_groups(files: &ChipFiles) -> impl Iterator<Item = (DataGroup, &[u8])> {
    files.iter().filter_map(|(id, content)| match id {
        FileId::DataGroup(group) => Some((group, content)),
        _ => None,
    })
}

/// Passed, or a warning where only a weak hash says so.
fn held(name: CheckName, digest: DigestAlgorithm) -> Check {
    if digest.is_weak() {
        Check::warning(name, format!("{digest} is no longer safe"))
    } else {
        Check::passed(name)
    }
}

fn structure(sod: &Sod) -> Check {
    if sod.content_is_called_data() {
        Check::warning(
            CheckName::SodStructure,
            "the LDS security object is called plain data",
        )
    } else {
        Check::passed(CheckName::SodStructure)
    }
}

fn content_digest(sod: &Sod) -> Check {
    let name = CheckName::SodContentDigest;
    if sod.signed.content_digest_matches() {
        held(name, sod.signed.signer.digest)
    } else {
        Check::failed(
            name,
            "the LDS security object is not the one that is signed",
        )
    }
}

fn com_agrees(files: &ChipFiles, object: &LdsSecurityObject) -> Check {
    let name = CheckName::ComAgreesWithSod;
    let Some(file) = files.get(FileId::Com) else {
        return Check::not_done(name, "EF.COM was not read");
    };
    let com = match Com::parse(file) {
        Ok(com) => com,
        Err(error) => return Check::failed(name, format!("EF.COM: {error}")),
    };
    if !com.data_groups.iter().eq(object.digests.keys()) {
        return Check::failed(name, "EF.COM lists other data groups than EF.SOD");
    }
    match &object.versions {
        Some((lds, unicode)) if *lds != com.lds_version || *unicode != com.unicode_version => {
            Check::failed(name, "EF.COM states other versions than EF.SOD")
        }
        _ => Check::passed(name),
    }
}

fn group_digest(object: &LdsSecurityObject, group: DataGroup, content: &[u8]) -> Check {
    let name = CheckName::DataGroupDigest(group);
    let Some(expected) = object.digests.get(&group) else {
        return Check::failed(name, "EF.SOD has no digest of it");
    };
    match object.digest.digest(content) {
        Ok(digest) if digest == *expected => held(name, object.digest),
        Ok(_) => Check::failed(name, "its digest is not the one in EF.SOD"),
        Err(_) => Check::not_done(name, "the cryptographic library failed"),
    }
}

/// Whether a check holds, if only weakly.
fn holds(checks: &[Check], name: CheckName) -> bool {
    checks.iter().any(|check| {
        check.name == name && matches!(check.outcome, Outcome::Passed | Outcome::Warning)
    })
}
