//! The list of applications.

use exchange::UnixMillis;
use maud::{Markup, html};

use super::state_tag;
use crate::db::submissions::SubmissionState;
use crate::desk::Summary;
use crate::desk::web::moment;
use crate::desk::web::words::Words;

/// Which applications are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    Waiting,
    Decided,
    All,
}

impl Filter {
    const ALL: [Filter; 3] = [Filter::Waiting, Filter::Decided, Filter::All];

    /// From the query `?show=`; what is unknown shows those that wait.
    pub fn parse(text: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|f| f.as_str() == text)
            .unwrap_or(Filter::Waiting)
    }

    fn as_str(self) -> &'static str {
        match self {
            Filter::Waiting => "waiting",
            Filter::Decided => "decided",
            Filter::All => "all",
        }
    }

    fn title(self, words: &Words) -> &'static str {
        match self {
            Filter::Waiting => words.waiting,
            Filter::Decided => words.decided,
            Filter::All => words.all,
        }
    }

    fn shows(self, state: SubmissionState) -> bool {
        match self {
            Filter::Waiting => !state.is_decided(),
            Filter::Decided => state.is_decided(),
            Filter::All => true,
        }
    }
}

/// Waiting ones oldest first, for they wait longest; others newest first.
pub fn page(words: &Words, filter: Filter, rows: &[Summary], now: UnixMillis) -> Markup {
    let mut shown: Vec<&Summary> = rows.iter().filter(|r| filter.shows(r.state)).collect();
    shown.sort_by_key(|r| match filter {
        Filter::Waiting => r.received_at.0,
        _ => -r.received_at.0,
    });
    html! {
        h1 { (words.applications) }
        ul.filters {
            @for f in Filter::ALL {
                li {
                    a href={ "/?show=" (f.as_str()) } aria-current=[(f == filter).then_some("true")] {
                        (f.title(words)) " "
                        span.count {
                            (rows.iter().filter(|r| f.shows(r.state)).count())
                        }
                    }
                }
            }
        }
        @if shown.is_empty() {
            p.empty {
                @if filter == Filter::Waiting { (words.none_waiting) } @else { (words.nothing_here) }
            }
        } @else {
            div.scroll { table {
                thead { tr {
                    th scope="col" { (words.state) }
                    th scope="col" { (words.number) }
                    th scope="col" { (words.received) }
                    th scope="col" { (words.age) }
                    th scope="col" { (words.kiosk) }
                    th scope="col" { (words.to_check) }
                } }
                tbody { @for row in shown { (line(words, row, now)) } }
            } }
        }
    }
}

fn line(words: &Words, row: &Summary, now: UnixMillis) -> Markup {
    html! {
        tr {
            td.short { (state_tag(words, row.state, row.collected)) }
            th scope="row" { a.code href={ "/applications/" (row.id) } { (row.id) } }
            td.short { (moment::date_time(row.received_at)) }
            td.short { (moment::age(words, row.received_at, now)) }
            td.short { (row.kiosk) }
            td.short {
                @if row.findings.is_empty() { span.quiet { (words.nothing_to_check) } }
                @else { strong { (row.findings.len()) } }
            }
        }
    }
}
