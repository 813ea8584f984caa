//! What was read of a document, and whether this visit can use it.

use chip::mrz::{Mrz, MrzFormat, Sex};
use exchange::{
    DocumentKind, DocumentNumber, HolderName, IdentityDocument, Iin, IinComparison, ReadBy,
    TimeTrust,
};
use faults::Fault;
use zeroize::Zeroizing;

use crate::session::calendar::utc_date;
use crate::session::event::{ChipDocument, Genuine, MediaHandle, Now};
use crate::session::view::{DocumentFound, DocumentSource};

/// A machine-readable zone, printed or from DG1, with what else the chip said.
pub(super) struct Reading {
    mrz: Mrz,
    read_by: ReadBy,
    /// In national characters.
    holder: Option<HolderName>,
    personal_number: Option<Zeroizing<String>>,
    genuine: Genuine,
    pub portrait: Option<MediaHandle>,
    atr: Option<String>,
}

pub(super) fn kind_of(mrz: &Mrz) -> DocumentKind {
    match mrz.format() {
        MrzFormat::Td1 | MrzFormat::Td2 => DocumentKind::IdCard,
        MrzFormat::Td3 => DocumentKind::Passport,
    }
}

impl Reading {
    pub fn of_mrz(mrz: Mrz, atr: Option<String>) -> Self {
        Self {
            mrz,
            read_by: ReadBy::Mrz,
            holder: None,
            personal_number: None,
            genuine: Genuine::NotExamined,
            portrait: None,
            atr,
        }
    }

    pub fn of_chip(chip: ChipDocument, atr: Option<String>) -> Self {
        Self {
            mrz: chip.mrz,
            read_by: ReadBy::Chip,
            holder: chip.holder,
            personal_number: chip.personal_number,
            genuine: chip.genuine,
            portrait: chip.portrait,
            atr,
        }
    }

    pub fn kind(&self) -> DocumentKind {
        kind_of(&self.mrz)
    }

    /// What the application says of it.
    ///
    /// # Errors
    /// Why it cannot be used, worst first.
    pub fn judge(&self, iin: Option<&Iin>, now: Now) -> Result<IdentityDocument, Fault> {
        if self.genuine == Genuine::Refuted {
            return Err(Fault::DocumentNotGenuine);
        }
        let (year, month, day) = utc_date(now.wall);
        let clock_known = now.trust != TimeTrust::Doubtful;
        if clock_known && self.mrz.expired_on(year, month, day) {
            return Err(Fault::DocumentExpired);
        }
        let compared = self.compare(iin)?;
        let number =
            DocumentNumber::parse(self.mrz.document_number()).map_err(|_| Fault::CardUnreadable)?;
        Ok(IdentityDocument {
            kind: self.kind(),
            read_by: self.read_by,
            number,
            holder: self.holder().ok_or(Fault::CardUnreadable)?,
            atr: self.atr.clone(),
            iin: compared,
            iin_mismatch_note: iin.is_some_and(|iin| mismatch(iin, &self.mrz)),
        })
    }

    fn holder(&self) -> Option<HolderName> {
        let printed = || HolderName::new(self.mrz.surname(), self.mrz.given_names(), "").ok();
        self.holder.clone().or_else(printed)
    }

    /// Every IIN that the document carries must be the one that was entered.
    fn compare(&self, iin: Option<&Iin>) -> Result<IinComparison, Fault> {
        // Another state's personal number is no IIN.
        let of_kazakhstan = self.mrz.issuing_state() == "KAZ";
        let is_iin = |text: &&str| {
            of_kazakhstan && text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
        };
        let personal = self.personal_number.as_ref().map(|text| text.trim());
        let mut carried = self.mrz.optional_iin().into_iter().chain(personal);
        let mut compared = IinComparison::NotCompared;
        for text in carried.by_ref().filter(is_iin) {
            if iin.is_none_or(|iin| iin.expose() != text) {
                return Err(Fault::DocumentOfAnother);
            }
            compared = IinComparison::Same;
        }
        Ok(compared)
    }

    /// For its holder to confirm. What it carries of somebody else is not shown.
    pub fn found(&self, iin: Option<&Iin>, now: Now) -> DocumentFound {
        let refused = self.judge(iin, now).err();
        let holder = self.holder().filter(|_| refused.is_none());
        let part =
            |of: fn(&HolderName) -> &str| holder.as_ref().map(of).unwrap_or_default().to_owned();
        DocumentFound {
            surname: part(HolderName::surname),
            given_name: part(HolderName::given_name),
            patronymic: part(HolderName::patronymic),
            number: match refused {
                None => self.mrz.document_number().to_owned(),
                Some(_) => String::new(),
            },
            portrait: self.portrait.filter(|_| refused.is_none()),
            source: match self.read_by {
                ReadBy::Chip => DocumentSource::Chip {
                    proven: self.genuine == Genuine::Proven,
                },
                ReadBy::Mrz | ReadBy::Typed => DocumentSource::Mrz,
            },
            refused,
        }
    }
}

/// Whether date of birth or sex differ from what the IIN seems to carry. A note
/// for the reviewer only: since 2013 neither may be enforced.
fn mismatch(iin: &Iin, mrz: &Mrz) -> bool {
    let digits = iin.expose();
    let sex = match (digits.as_bytes()[6], mrz.sex()) {
        (b'1' | b'3' | b'5', Sex::Female) | (b'2' | b'4' | b'6', Sex::Male) => true,
        (_, Sex::Female | Sex::Male | Sex::Unspecified) => false,
    };
    sex || digits[..6] != *mrz.birth_date()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use exchange::{IinPolicy, UnixMillis};

    use super::*;

    const KAZ: [&str; 3] = [
        "IDKAZ0412365878880412401006<<<",
        "8804123F3104116KAZ<<<<<<<<<<<2",
        "AKHMETOVA<<AIGERIM<<<<<<<<<<<<",
    ];
    const UTO: [&str; 3] = [
        "I<UTOD231458907<<<<<<<<<<<<<<<",
        "7408122F1204159UTO<<<<<<<<<<<6",
        "ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
    ];

    fn iin(digits: &str) -> Iin {
        Iin::parse(digits, IinPolicy::Strict).unwrap()
    }

    fn in_year(year: i64) -> Now {
        Now {
            boottime: Duration::ZERO,
            wall: UnixMillis((year - 1970) * 31_556_952_000),
            trust: TimeTrust::OfficeConfirmed,
        }
    }

    fn chip(lines: &[&str], change: impl FnOnce(&mut ChipDocument)) -> Reading {
        let mut document = ChipDocument {
            mrz: Mrz::parse(lines).unwrap(),
            holder: None,
            personal_number: None,
            genuine: Genuine::Proven,
            portrait: Some(MediaHandle(4)),
        };
        change(&mut document);
        Reading::of_chip(document, None)
    }

    #[test]
    fn the_iin_of_card_and_person_must_be_one() {
        let mine = iin("880412401006");
        let document = chip(&KAZ, |_| {})
            .judge(Some(&mine), in_year(2026))
            .unwrap();
        assert_eq!(document.iin, IinComparison::Same);
        assert_eq!(document.read_by, ReadBy::Chip);
        assert!(!document.iin_mismatch_note);
        let others = iin("900101300811");
        let judged = chip(&KAZ, |_| {}).judge(Some(&others), in_year(2026));
        assert_eq!(judged, Err(Fault::DocumentOfAnother));
        // DG1 says mine, DG11 somebody else's.
        let judged = chip(&KAZ, |d| {
            d.personal_number = Some(Zeroizing::new("900101300811".into()));
        });
        let judged = judged.judge(Some(&mine), in_year(2026));
        assert_eq!(judged, Err(Fault::DocumentOfAnother));
    }

    #[test]
    fn a_document_without_an_iin_is_left_to_the_reviewer() {
        let person = iin("900101300811");
        let reading = chip(&UTO, |d| {
            d.personal_number = Some(Zeroizing::new("740812777777".into()));
        });
        let document = reading.judge(Some(&person), in_year(2010)).unwrap();
        assert_eq!(document.iin, IinComparison::NotCompared);
        // Another birthday and another sex: a note, not a refusal.
        assert!(document.iin_mismatch_note);
        let doubtful = Now {
            trust: TimeTrust::Doubtful,
            ..in_year(2026)
        };
        let judged = reading.judge(Some(&person), in_year(2026));
        assert_eq!(judged, Err(Fault::DocumentExpired));
        assert!(reading.judge(Some(&person), doubtful).is_ok());
    }

    #[test]
    fn names_come_in_national_characters_where_the_chip_has_them() {
        let mine = iin("880412401006");
        let national = HolderName::new("АХМЕТОВА", "ӘЙГЕРІМ", "ҚАНАТҚЫЗЫ").unwrap();
        let reading = chip(&KAZ, |d| d.holder = Some(national.clone()));
        let document = reading.judge(Some(&mine), in_year(2026)).unwrap();
        assert_eq!(document.holder, national);
        assert_eq!(
            reading.found(Some(&mine), in_year(2026)).given_name,
            "ӘЙГЕРІМ"
        );
        let latin = chip(&KAZ, |_| {}).found(Some(&mine), in_year(2026));
        assert_eq!(latin.surname, "AKHMETOVA");
        assert_eq!(latin.source, DocumentSource::Chip { proven: true });
    }

    #[test]
    fn what_is_not_genuine_or_not_mine_shows_nobody() {
        let mine = iin("880412401006");
        let others = iin("900101300811");
        for (reading, person, why) in [
            (
                chip(&KAZ, |d| d.genuine = Genuine::Refuted),
                &mine,
                Fault::DocumentNotGenuine,
            ),
            (chip(&KAZ, |_| {}), &others, Fault::DocumentOfAnother),
        ] {
            let found = reading.found(Some(person), in_year(2026));
            assert_eq!(found.refused, Some(why));
            assert_eq!((found.surname.as_str(), found.number.as_str()), ("", ""));
            assert_eq!(found.portrait, None);
        }
    }
}
