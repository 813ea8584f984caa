//! EF.CardAccess is read before anything is protected: whoever sits in between can
//! change or hide it. What the state signed says the same again (ICAO 9303-11, 9.2.10).

use crate::card_security::CardSecurity;
use crate::check::{Check, CheckName};
use crate::file_id::{DataGroup, FileId};
use crate::files::ChipFiles;
use crate::security_info::SecurityInfos;

/// EF.CardSecurity repeats every SecurityInfo of EF.CardAccess, DG14 those of PACE.
/// DG14 may be silent of PACE where EF.CardSecurity speaks.
pub fn compare(files: &ChipFiles) -> Check {
    match disagreement(files) {
        Ok(Compared::Agree) => Check::passed(CheckName::CardAccessAgrees),
        Ok(Compared::WithNothing) => Check::not_done(
            CheckName::CardAccessAgrees,
            "there is neither DG14 nor EF.CardSecurity to compare with",
        ),
        Err(reason) => Check::failed(CheckName::CardAccessAgrees, reason),
    }
}

enum Compared {
    Agree,
    WithNothing,
}

fn disagreement(files: &ChipFiles) -> Result<Compared, String> {
    let card_security = files
        .get(FileId::CardSecurity)
        .map(CardSecurity::parse)
        .transpose()
        .map_err(|error| format!("EF.CardSecurity: {error}"))?;
    let dg14 = files
        .get(FileId::DataGroup(DataGroup::DG14))
        .map(SecurityInfos::of_dg14)
        .transpose()
        .map_err(|error| format!("DG14: {error}"))?;
    if card_security.is_none() && dg14.is_none() {
        return Ok(Compared::WithNothing);
    }
    let card_access = match files.get(FileId::CardAccess) {
        Some(content) => {
            SecurityInfos::parse(content).map_err(|error| format!("EF.CardAccess: {error}"))?
        }
        None => SecurityInfos::default(),
    };
    if let Some(signed) = card_security.as_ref().map(CardSecurity::infos)
        && (card_access.pace_as_given != signed.pace_as_given
            || !card_access.as_given.is_subset(&signed.as_given))
    {
        return Err("EF.CardAccess and EF.CardSecurity differ".to_owned());
    }
    if let Some(signed) = dg14
        && card_access.pace_as_given != signed.pace_as_given
        && !(card_security.is_some() && signed.pace_as_given.is_empty())
    {
        return Err(match files.contains(FileId::CardAccess) {
            true => "EF.CardAccess and DG14 differ in PACE".to_owned(),
            false => "DG14 speaks of PACE, but there is no EF.CardAccess".to_owned(),
        });
    }
    Ok(Compared::Agree)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Outcome;
    use crate::tlv;

    /// Of ICAO 9303-11, appendices G.1 and G.2.
    const PACE_EC: &str = "3012060A04007F000702020402020201020201 0D";
    const PACE_DH: &str = "3012060A04007F000702020401020201020201 00";
    const WEAKER: &str = "3012060A04007F000702020402010201020201 0D";
    const CHIP_AUTHENTICATION: &str = "3012060A04007F000702020302020201010201 07";

    fn set(infos: &[&str]) -> Vec<u8> {
        let content = hex::decode(infos.concat().replace(' ', "")).unwrap();
        let mut set = Vec::new();
        tlv::write(&mut set, 0x31, &content);
        set
    }

    fn dg14(infos: &[&str]) -> Vec<u8> {
        let mut file = Vec::new();
        tlv::write(&mut file, 0x6E, &set(infos));
        file
    }

    #[test]
    fn card_access_is_compared_with_dg14() {
        let outcome = |card_access: Option<&[u8]>, dg14: Option<&[u8]>| {
            let mut files = ChipFiles::default();
            if let Some(content) = card_access {
                files.insert(FileId::CardAccess, content.to_vec());
            }
            if let Some(content) = dg14 {
                files.insert(FileId::DataGroup(DataGroup::DG14), content.to_vec());
            }
            compare(&files).outcome
        };
        let card_access = set(&[PACE_EC, PACE_DH]);
        // In any order, among others.
        let signed = dg14(&[PACE_DH, CHIP_AUTHENTICATION, PACE_EC]);
        assert_eq!(outcome(Some(&card_access), Some(&signed)), Outcome::Passed);
        let none = dg14(&[CHIP_AUTHENTICATION]);
        assert_eq!(outcome(None, Some(&none)), Outcome::Passed);
        assert_eq!(outcome(Some(&card_access), None), Outcome::NotDone);

        // Taken away; one of two taken away; one added; changed; unreadable.
        assert_eq!(outcome(None, Some(&signed)), Outcome::Failed);
        let less = set(&[PACE_DH]);
        assert_eq!(outcome(Some(&less), Some(&signed)), Outcome::Failed);
        assert_eq!(outcome(Some(&card_access), Some(&none)), Outcome::Failed);
        let weaker = set(&[WEAKER, PACE_DH]);
        assert_eq!(outcome(Some(&weaker), Some(&signed)), Outcome::Failed);
        assert_eq!(outcome(Some(&[0x31]), Some(&signed)), Outcome::Failed);
        assert_eq!(outcome(Some(&card_access), Some(&[0x6E])), Outcome::Failed);
    }
}
