//! `kiosk mrz`: what is read off a still of a document.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use chip::{Mrz, MrzFormat, Sex};
use mrz_reader::{Grey, read_picture};
use serde::Serialize;
use zeroize::Zeroizing;

#[derive(Serialize)]
struct Report<'a> {
    zone: Option<Zone<'a>>,
    hints: Vec<&'static str>,
    /// Reading alone, without decoding the file.
    millis: f64,
}

/// Dates are YYMMDD as printed; `sex` is `F`, `M` or `<`.
#[derive(Serialize)]
struct Zone<'a> {
    format: &'static str,
    document_code: &'a str,
    issuing_state: &'a str,
    document_number: &'a str,
    surname: &'a str,
    given_names: &'a str,
    names_may_be_truncated: bool,
    nationality: &'a str,
    birth_date: &'a str,
    sex: &'static str,
    expiry_date: &'a str,
    optional_data: &'a str,
    optional_data_second: &'a str,
}

/// Whether a zone was read. Personal data goes to standard output only.
pub fn run(file: &Path, json: bool) -> Result<bool> {
    let bytes = Zeroizing::new(std::fs::read(file).with_context(|| file.display().to_string())?);
    let picture = portrait::Picture::decode(&bytes).with_context(|| file.display().to_string())?;
    // Luma of ITU-R BT.601.
    let luma = |p: &[u8; 3]| {
        let [r, g, b] = p.map(u32::from);
        ((77 * r + 150 * g + 29 * b) >> 8) as u8
    };
    let (pixels, _) = picture.rgb().as_chunks::<3>();
    let grey: Zeroizing<Vec<u8>> = Zeroizing::new(pixels.iter().map(luma).collect());
    let begun = Instant::now();
    let frame = read_picture(Grey::new(picture.width(), picture.height(), &grey)?);
    let millis = begun.elapsed().as_secs_f64() * 1e3;
    let report = Report {
        zone: frame.candidate.as_ref().map(Zone::of),
        hints: frame.hints.iter().map(|h| h.name()).collect(),
        millis,
    };
    if json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        report.print(file);
    }
    Ok(report.zone.is_some())
}

impl<'a> Zone<'a> {
    fn of(mrz: &'a Mrz) -> Zone<'a> {
        Zone {
            format: match mrz.format() {
                MrzFormat::Td1 => "TD1",
                MrzFormat::Td2 => "TD2",
                MrzFormat::Td3 => "TD3",
            },
            document_code: mrz.document_code(),
            issuing_state: mrz.issuing_state(),
            document_number: mrz.document_number(),
            surname: mrz.surname(),
            given_names: mrz.given_names(),
            names_may_be_truncated: mrz.names_may_be_truncated(),
            nationality: mrz.nationality(),
            birth_date: mrz.birth_date(),
            sex: match mrz.sex() {
                Sex::Female => "F",
                Sex::Male => "M",
                Sex::Unspecified => "<",
            },
            expiry_date: mrz.expiry_date(),
            optional_data: mrz.optional_data(),
            optional_data_second: mrz.optional_data_second(),
        }
    }
}

impl Report<'_> {
    fn print(&self, file: &Path) {
        let Some(zone) = &self.zone else {
            let hints = self.hints.join(", ");
            println!(
                "{}: no zone read; {hints} ({:.0} ms)",
                file.display(),
                self.millis
            );
            return;
        };
        println!(
            "{}: {} ({:.0} ms)",
            file.display(),
            zone.format,
            self.millis
        );
        for (name, value) in [
            ("document", zone.document_code),
            ("issuing state", zone.issuing_state),
            ("number", zone.document_number),
            ("surname", zone.surname),
            ("given names", zone.given_names),
            ("nationality", zone.nationality),
            ("born", zone.birth_date),
            ("sex", zone.sex),
            ("expires", zone.expiry_date),
            ("optional data", zone.optional_data),
            ("optional data, second", zone.optional_data_second),
        ] {
            println!("  {name}: {value}");
        }
    }
}
