//! Kiosks: when last heard of, what waits in them, what ails them.

use exchange::{Language, UnixMillis};
use faults::Fault;
use maud::{Markup, html};

use crate::db::kiosks::{Kiosk, KioskState};
use crate::desk::KioskOverview;
use crate::desk::web::moment;
use crate::desk::web::shell::{Sign, sign};
use crate::desk::web::words::Words;

/// A kiosk that says nothing for so long (15 minutes) is marked.
const SILENT_MILLIS: i64 = 15 * 60 * 1000;

pub fn page(words: &Words, kiosks: &[KioskOverview], now: UnixMillis) -> Markup {
    html! {
        h1 { (words.kiosks) }
        @if kiosks.is_empty() {
            p.empty { (words.no_kiosks) }
        } @else {
            div.scroll { table {
                thead { tr {
                    th scope="col" { (words.kiosk) }
                    th scope="col" { (words.state) }
                    th scope="col" { (words.last_seen) }
                    th scope="col" { (words.queue) }
                    th scope="col" { (words.disk_free) }
                    th scope="col" { (words.faults) }
                    th scope="col" { (words.version) }
                } }
                tbody { @for kiosk in kiosks { (line(words, kiosk, now)) } }
            } }
        }
    }
}

fn line(words: &Words, overview: &KioskOverview, now: UnixMillis) -> Markup {
    let kiosk = &overview.kiosk;
    let beat = kiosk.heartbeat.as_ref();
    html! {
        tr {
            th.short scope="row" { a href={ "/kiosks/" (kiosk.id) } { (kiosk.id) } }
            td {
                (state_tag(words, kiosk, now))
                @if let (KioskState::Awaiting, Some(list)) = (kiosk.state, &overview.fingerprint_words) {
                    br; span.quiet { (words.compare_words) ": " }
                    strong { (list.join(" ")) }
                }
            }
            td.short {
                @match kiosk.last_seen_at {
                    Some(at) => {
                        (moment::age(words, at, now)) " " (words.ago)
                        br; span.quiet { (moment::date_time(at)) }
                    }
                    None => span.quiet { (words.never) }
                }
            }
            td {
                @if let Some(beat) = beat {
                    strong { (beat.queue_waiting) }
                    @if let Some(seconds) = beat.oldest_unsent_seconds {
                        br; span.quiet {
                            (words.oldest_unsent) ": " (moment::duration(words, seconds))
                        }
                    }
                    @if beat.queue_quarantined > 0 {
                        br; span.tag.bad { (sign(Sign::Bad)) (beat.queue_quarantined) " " (words.quarantined) }
                    }
                }
                @if overview.missing_submissions > 0 {
                    br; span.tag.bad { (sign(Sign::Bad)) (words.missing) ": " (overview.missing_submissions) }
                }
            }
            td.short { @if let Some(beat) = beat { (moment::bytes(words, beat.disk_free_bytes)) } }
            td {
                @if let Some(beat) = beat {
                    @if beat.faults.is_empty() && beat.ended_faults.is_empty() { span.quiet { (words.nothing_to_check) } }
                    @for code in &beat.faults {
                        div { span.code { (code) } " " (cause(words.language, code)) }
                    }
                    @for code in &beat.ended_faults {
                        div.quiet {
                            span.code { (code) } " " (cause(words.language, code))
                            " (" (words.fault_over) ")"
                        }
                    }
                }
            }
            td.short { @if let Some(beat) = beat { (beat.version) } }
        }
    }
}

pub(super) fn state_tag(words: &Words, kiosk: &Kiosk, now: UnixMillis) -> Markup {
    let silent = kiosk
        .last_seen_at
        .is_none_or(|at| now.0.saturating_sub(at.0) > SILENT_MILLIS);
    let (class, icon, text) = match kiosk.state {
        KioskState::Invited => ("tag", Sign::Wait, words.kiosk_invited),
        KioskState::Awaiting => ("tag wait", Sign::Wait, words.kiosk_awaiting),
        KioskState::Confirmed if silent => ("tag wait", Sign::Judge, words.kiosk_silent),
        KioskState::Confirmed => ("tag good", Sign::Good, words.kiosk_confirmed),
        KioskState::Revoked => ("tag bad", Sign::Bad, words.kiosk_revoked),
    };
    html! { span class=(class) { (sign(icon)) (text) } }
}

/// What a fault's code means; nothing for a code of a newer kiosk.
pub(super) fn cause(language: Language, code: &str) -> &'static str {
    let language = match language {
        Language::Kk => faults::Language::Kk,
        Language::Ru => faults::Language::Ru,
        Language::En => faults::Language::En,
    };
    Fault::from_code(code).map_or("", |f| f.text(language).cause)
}
