//! What every page has around its content: bar, sections, languages.

use exchange::Language;
use maud::{DOCTYPE, Markup, html};

use super::session::Session;
use super::words::Words;

/// The pages that the bar leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    Applications,
    Kiosks,
    Messages,
    Alarms,
}

impl Section {
    const ALL: [Section; 4] = [
        Section::Applications,
        Section::Kiosks,
        Section::Messages,
        Section::Alarms,
    ];

    fn path(self) -> &'static str {
        match self {
            Section::Applications => "/",
            Section::Kiosks => "/kiosks",
            Section::Messages => "/messages",
            Section::Alarms => "/alarms",
        }
    }

    pub fn title(self, words: &Words) -> &'static str {
        match self {
            Section::Applications => words.applications,
            Section::Kiosks => words.kiosks,
            Section::Messages => words.messages,
            Section::Alarms => words.alarms,
        }
    }
}

/// A page without its content.
pub struct Shell<'a> {
    pub words: &'a Words,
    pub session: Option<&'a Session>,
    pub section: Option<Section>,
    /// Path of this page, to come back to after choosing a language.
    pub path: &'a str,
    pub title: &'a str,
}

impl Shell<'_> {
    pub fn around(&self, content: Markup) -> Markup {
        let w = self.words;
        html! {
            (DOCTYPE)
            html lang=(w.language.code()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { (self.title) " · Qoltanba" }
                    link rel="stylesheet" href="/style.css";
                    link rel="icon" href="/mark.svg" type="image/svg+xml";
                }
                body {
                    a.skip href="#content" { (w.skip) }
                    header.bar { div {
                        a.mark href="/" { (mark()) span { "Qoltanba" } small { (w.office) } }
                        @if self.session.is_some() { (self.sections()) }
                        (self.languages())
                        @if let Some(session) = self.session {
                            div.who {
                                span title=(w.signed_in_as) { (session.operator) }
                                form method="post" action="/sign-out" {
                                    input type="hidden" name="csrf" value=(session.csrf);
                                    button { (w.sign_out) }
                                }
                            }
                        }
                    } }
                    main id="content" { (content) }
                }
            }
        }
    }

    fn sections(&self) -> Markup {
        html! {
            nav aria-label=(self.words.sections) { ul {
                @for section in Section::ALL {
                    li {
                        a href=(section.path())
                            aria-current=[(self.section == Some(section)).then_some("page")]
                            { (section.title(self.words)) }
                    }
                }
            } }
        }
    }

    fn languages(&self) -> Markup {
        let current = self.words.language;
        html! {
            ul.languages aria-label=(self.words.language_of_page) {
                @for (language, name) in [
                    (Language::Kk, "Қаз"), (Language::Ru, "Рус"), (Language::En, "Eng"),
                ] {
                    li {
                        a href={ "/language/" (language.code()) "?back=" (self.path) }
                            lang=(language.code())
                            aria-current=[(language == current).then_some("true")]
                            { (name) }
                    }
                }
            }
        }
    }
}

/// The product's mark: a signature's stroke in a shield of a circle.
pub fn mark() -> Markup {
    html! {
        svg viewBox="0 0 32 32" aria-hidden="true" xmlns="http://www.w3.org/2000/svg" {
            circle cx="16" cy="16" r="15" fill="#fec50c" {}
            path d="M7 20c3-9 7-11 8-8s-4 9-2 9 4-6 6-6-1 5 1 5 3-2 5-4"
                fill="none" stroke="#10222b" stroke-width="2.4"
                stroke-linecap="round" stroke-linejoin="round" {}
        }
    }
}

/// What a sign says is also said by the word beside it.
#[derive(Clone, Copy)]
pub enum Sign {
    Good,
    Bad,
    Judge,
    Wait,
}

pub fn sign(sign: Sign) -> Markup {
    let path = match sign {
        Sign::Good => "M5 12.5l4.5 4.5L19 7.5",
        Sign::Bad => "M6.5 6.5l11 11M17.5 6.5l-11 11",
        Sign::Judge => "M12 5v9M12 18.5v.5",
        Sign::Wait => "M12 6.5V12l3.5 2.5",
    };
    html! {
        svg viewBox="0 0 24 24" aria-hidden="true" {
            circle cx="12" cy="12" r="10.75" fill="none" stroke="currentColor" stroke-width="1.5" {}
            path d=(path) fill="none" stroke="currentColor" stroke-width="2.25"
                stroke-linecap="round" stroke-linejoin="round" {}
        }
    }
}
