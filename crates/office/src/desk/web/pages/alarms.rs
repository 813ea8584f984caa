//! What an operator must look at.

use exchange::UnixMillis;
use maud::{Markup, html};

use crate::db::alarms::Alarm;
use crate::desk::web::moment;
use crate::desk::web::words::Words;

pub fn page(words: &Words, alarms: &[Alarm], now: UnixMillis) -> Markup {
    html! {
        h1 { (words.alarms) }
        @if alarms.is_empty() {
            p.empty { (words.nothing_here) }
        } @else {
            div.scroll { table {
                thead { tr {
                    th scope="col" { (words.when) }
                    th scope="col" { (words.age) }
                    th scope="col" { (words.what) }
                    th scope="col" { (words.kiosk) }
                    th scope="col" { (words.number) }
                } }
                tbody { @for alarm in alarms {
                    tr {
                        td.short { (moment::date_time(alarm.at)) }
                        td.short { (moment::age(words, alarm.at, now)) }
                        td { (text(words, &alarm.kind)) }
                        td.short { @if let Some(kiosk) = &alarm.kiosk { (kiosk) } }
                        td { @if let Some(id) = &alarm.submission {
                            a.code href={ "/applications/" (id) } { (id) }
                        } }
                    }
                } }
            } }
        }
    }
}

/// The kind in words; a kind that this page does not know shows its name.
fn text<'a>(words: &'a Words, kind: &'a str) -> &'a str {
    match kind {
        "submission_changed" => words.alarm_submission_changed,
        "foreign_submission" => words.alarm_foreign_submission,
        "request_reused" => words.alarm_request_reused,
        "sequence_reused" => words.alarm_sequence_reused,
        "token_reused" => words.alarm_token_reused,
        "not_confirmed" => words.alarm_not_confirmed,
        "issue_failed" => words.alarm_issue_failed,
        "revocations_held" => words.alarm_revocations_held,
        "revocation_refused" => words.alarm_revocation_refused,
        "key_refused" => words.alarm_key_refused,
        "report_changed" => words.alarm_report_changed,
        "update_rolled_back" => words.alarm_update_rolled_back,
        "technician_doubtful" => words.alarm_technician_doubtful,
        other => other,
    }
}
