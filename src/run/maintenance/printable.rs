//! A readiness report as one page to print: no script, no picture, nothing from elsewhere.
//!
//! Names of aspects and versions are the report's own; what a person reads of faults is
//! the table of faults in all three languages.

use std::fmt::Write;

use exchange::ReadinessReport;
use exchange::readiness::{AspectReadiness, AspectState};
use faults::{Fault, Language};

use super::time::written;

const STYLE: &str = "body{font:12pt sans-serif;margin:2em}table{border-collapse:collapse;width:100%}\
td,th{border:1px solid #000;padding:.3em .6em;text-align:left;vertical-align:top}p{margin:.2em 0}";

pub(super) fn page(report: &ReadinessReport) -> String {
    let title = format!("Qoltanba · {} · {}", report.kiosk, report.number);
    let title = escaped(&title);
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"kk\">\n<head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <title>{title}</title><style>{STYLE}</style></head>\n<body>\n<h1>{title}</h1>\n<p>{}</p>\n<table>\n",
        escaped(&written(report.made_at)),
    );
    for aspect in report.readiness.aspects.iter() {
        page.push_str(&aspect_row(aspect));
    }
    page.push_str("</table>\n<table>\n");
    for version in report.readiness.versions.iter() {
        row(
            &mut page,
            &[&version.part.to_string(), &version.version.to_string()],
        );
    }
    page.push_str("</table>\n</body>\n</html>\n");
    page
}

fn aspect_row(aspect: &AspectReadiness) -> String {
    let state = match aspect.state {
        AspectState::Ready => "✓",
        AspectState::Degraded => "!",
        AspectState::Failed => "✗",
        AspectState::Absent => "–",
        AspectState::Unknown => "?",
    };
    let detail = aspect.detail.as_ref().map(ToString::to_string);
    let mut said = escaped(&detail.unwrap_or_default());
    for code in aspect.faults.iter() {
        // Writing into a string does not fail.
        let _ = write!(said, "<p><b>{}</b></p>", escaped(code.as_str()));
        if let Some(fault) = Fault::from_code(code.as_str()) {
            for language in [Language::Kk, Language::Ru, Language::En] {
                let text = fault.text(language);
                let _ = write!(
                    said,
                    "<p>{} {}</p>",
                    escaped(text.cause),
                    escaped(text.remedy)
                );
            }
        }
    }
    format!(
        "<tr><th>{state}</th><td>{}</td><td>{said}</td></tr>\n",
        escaped(&aspect.aspect.to_string())
    )
}

fn row(page: &mut String, cells: &[&str]) {
    let cells = cells
        .iter()
        .map(|cell| format!("<td>{}</td>", escaped(cell)));
    let _ = writeln!(page, "<tr>{}</tr>", cells.collect::<String>());
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use exchange::readiness::{PartVersion, Readiness};
    use exchange::{AtMost, TimeTrust, UnixMillis};

    use super::*;

    #[test]
    fn the_page_needs_nothing_and_believes_nothing() {
        let report = ReadinessReport {
            kiosk: "kiosk-1".parse().unwrap(),
            number: 12,
            made_at: UnixMillis(1_795_862_400_000),
            time_trust: TimeTrust::AboveFloor,
            readiness: Readiness {
                aspects: AtMost::new(vec![AspectReadiness {
                    aspect: "camera".parse().unwrap(),
                    state: AspectState::Failed,
                    faults: AtMost::new(vec!["CAM-01".parse().unwrap()]).unwrap(),
                    detail: Some("<script src='http://x'>".parse().unwrap()),
                }])
                .unwrap(),
                versions: AtMost::new(vec![PartVersion {
                    part: "kiosk".parse().unwrap(),
                    version: "0.1.0".parse().unwrap(),
                }])
                .unwrap(),
            },
        };
        let page = page(&report);
        for text in ["kiosk-1", "CAM-01", "0.1.0", "UTC+05:00", "&lt;script"] {
            assert!(page.contains(text), "{text}");
        }
        for language in [Language::Kk, Language::Ru, Language::En] {
            let cause = escaped(Fault::CameraMissing.text(language).cause);
            assert!(page.contains(&cause));
        }
        for never in ["<script", "src=", "href=", "<img", "url("] {
            assert!(
                !page.replace("&lt;script src=", "").contains(never),
                "{never}"
            );
        }
    }
}
