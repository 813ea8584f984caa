//! One kiosk: what it says of itself, who worked at it, which updates it took.

use exchange::{
    TimeTrust, UpdateResult, UpdateSource,
    readiness::{AspectState, Readiness},
    update::UpdateOutcome,
    work_order::Action,
};
use maud::{Markup, html};

use super::kiosks::{cause, state_tag};
use crate::desk::web::moment;
use crate::desk::web::shell::{Sign, sign};
use crate::desk::web::words::Words;
use crate::desk::{KioskRecord, WorkOrderRecord};

pub fn page(words: &Words, record: &KioskRecord, now: exchange::UnixMillis) -> Markup {
    html! {
        a.back href="/kiosks" { (words.kiosks) }
        div.title {
            h1 { (words.kiosk_record) " " (record.kiosk.id) }
            (state_tag(words, &record.kiosk, now))
        }
        p.meta.quiet { (words.kiosk_group) ": " (record.group.as_deref().unwrap_or("—")) }
        @if record.unsigned > 0 {
            p.notice.error role="alert" { (words.reports_unsigned) ": " (record.unsigned) }
        }
        section.card aria-labelledby="readiness" {
            h2 #readiness { (words.readiness) }
            @match &record.readiness {
                None => p.quiet { (words.nothing_here) },
                Some((at, report)) => {
                    p.meta {
                        (moment::date_time(report.made_at)) " · " (clock(words, report.time_trust))
                        " · " span.quiet {
                            (words.report_received) ": " (moment::age(words, *at, now)) " " (words.ago)
                        }
                    }
                    (readiness(words, &report.readiness))
                }
            }
        }
        section.card aria-labelledby="work" {
            h2 #work { (words.work_orders) }
            @if record.work_orders.is_empty() { p.quiet { (words.nothing_here) } }
            @for order in &record.work_orders { (work_order(words, order)) }
        }
        section.card aria-labelledby="updates" {
            h2 #updates { (words.updates) }
            @if let Some(offered) = &record.offered {
                p { (words.update_offered) ": " strong { (offered.version) } " · " (offered.window) }
            }
            @if record.results.is_empty() { p.quiet { (words.nothing_here) } }
            @for result in &record.results { (update_result(words, result)) }
        }
    }
}

fn clock(words: &Words, trust: TimeTrust) -> &'static str {
    match trust {
        TimeTrust::OfficeConfirmed => words.clock_confirmed,
        TimeTrust::AboveFloor => words.clock_above_floor,
        TimeTrust::Doubtful => words.clock_doubtful,
    }
}

fn readiness(words: &Words, readiness: &Readiness) -> Markup {
    html! {
        div.scroll { table {
            thead { tr {
                th scope="col" { (words.aspect) }
                th scope="col" { (words.state) }
                th scope="col" { (words.faults) }
            } }
            tbody { @for aspect in readiness.aspects.iter() {
                tr {
                    th scope="row" {
                        span.code { (aspect.aspect) }
                        @if let Some(detail) = &aspect.detail { br; span.quiet { (detail) } }
                    }
                    td { (aspect_tag(words, aspect.state)) }
                    td { @for code in aspect.faults.iter() { (fault(words, code.as_str())) } }
                }
            } }
        } }
        dl { @for version in readiness.versions.iter() {
            dt { span.code { (version.part) } } dd { (version.version) }
        } }
    }
}

fn fault(words: &Words, code: &str) -> Markup {
    html! { div { span.code { (code) } " " (cause(words.language, code)) } }
}

fn aspect_tag(words: &Words, state: AspectState) -> Markup {
    let (class, icon, text) = match state {
        AspectState::Ready => ("tag good", Sign::Good, words.aspect_ready),
        AspectState::Degraded => ("tag wait", Sign::Judge, words.aspect_degraded),
        AspectState::Failed => ("tag bad", Sign::Bad, words.aspect_failed),
        AspectState::Absent => ("tag", Sign::Wait, words.aspect_absent),
        AspectState::Unknown => ("tag", Sign::Judge, words.aspect_unknown),
    };
    html! { span class=(class) { (sign(icon)) (text) } }
}

fn work_order(words: &Words, record: &WorkOrderRecord) -> Markup {
    let order = &record.order;
    html! {
        details.choice {
            summary {
                (moment::date_time(order.began_at)) " — " (moment::date_time(order.ended_at)) " · "
                @match &record.technician {
                    Some(technician) => (technician.name),
                    None => (words.technician_unknown),
                }
            }
            @if record.is_doubtful() {
                p.notice.error { (words.alarm_technician_doubtful) }
            }
            dl {
                dt { (words.technician) } dd { span.code { (order.technician) } }
                dt { (words.clock) } dd { (clock(words, order.time_trust)) }
                @for done in order.done.iter() {
                    dt { (moment::date_time(done.at)) }
                    dd {
                        (action(words, done.action))
                        @if let Some(aspect) = &done.aspect { " " span.code { (aspect) } }
                        @if let Some(note) = &done.note { small { (note) } }
                    }
                }
            }
            h3 { (words.before) } (readiness(words, &order.before))
            h3 { (words.after) } (readiness(words, &order.after))
        }
    }
}

fn action(words: &Words, action: Action) -> &'static str {
    match action {
        Action::Inspected => words.work_inspected,
        Action::Cleaned => words.work_cleaned,
        Action::Replaced => words.work_replaced,
        Action::Restarted => words.work_restarted,
        Action::Configured => words.work_configured,
        Action::Updated => words.work_updated,
        Action::QueueExported => words.work_queue_exported,
        Action::Other => words.work_other,
    }
}

fn update_result(words: &Words, result: &UpdateResult) -> Markup {
    let (class, icon, text, code) = match &result.outcome {
        UpdateOutcome::Installed => ("tag good", Sign::Good, words.update_installed, None),
        UpdateOutcome::RolledBack { fault } => {
            ("tag bad", Sign::Bad, words.update_rolled_back, Some(fault))
        }
        UpdateOutcome::Refused { fault } => {
            ("tag wait", Sign::Judge, words.update_refused, Some(fault))
        }
    };
    html! {
        dl {
            dt { (moment::date_time(result.at)) }
            dd {
                span class=(class) { (sign(icon)) (text) }
                @if let Some(code) = code { (fault(words, code.as_str())) }
                @match &result.source {
                    UpdateSource::Offer { sha256, .. } => small.code { (sha256) },
                    UpdateSource::Drive { version } => small {
                        (words.update_from_drive)
                        @if let Some(version) = version { ": " strong { (version) } }
                    },
                }
            }
        }
    }
}
