//! One application: checks, pictures, data, decision.

use exchange::api::Decision;
use exchange::{
    DocumentKind, KeyAlgorithm, PartName, ReadBy, StorageType, SubmissionKind, UnixMillis,
};
use maud::{Markup, html};

use super::{certificates, checks, document, state_tag};
use crate::db::submissions::SubmissionState;
use crate::desk::web::moment;
use crate::desk::web::words::Words;
use crate::desk::{Applied, BY_RULE, Detail};

/// What is shown; pictures come by addresses of their own.
pub struct Page<'a> {
    pub words: &'a Words,
    pub detail: &'a Detail,
    /// Time in milliseconds and JPEG as a `data:` address.
    pub frames: &'a [(u64, String)],
    /// What went wrong with the decision just sent.
    pub trouble: Option<&'a str>,
    pub csrf: &'a str,
    pub now: UnixMillis,
}

impl Page<'_> {
    pub fn content(&self) -> Markup {
        let (w, s) = (self.words, &self.detail.summary);
        html! {
            a.back href="/" { "\u{2190} " (w.back_to_list) }
            div.title {
                h1 { (self.heading()) }
                (state_tag(w, s.state, s.collected))
            }
            p.quiet.meta {
                span.code { (s.id) } " · " (w.kiosk) " " (s.kiosk) " · "
                (moment::date_time(s.received_at))
                " (" (moment::age(w, s.received_at, self.now)) " " (w.ago) ")"
            }
            @if let Some(trouble) = self.trouble {
                p.notice.error role="alert" { (trouble) }
            }
            div.columns {
                div {
                    @if self.detail.kind == SubmissionKind::Renewal {
                        p.notice { (w.renewal_note) }
                    } @else {
                        @if !self.detail.kind.brings_key() {
                            p.notice { (w.keyless_note) }
                        }
                        (self.pictures())
                        (self.video())
                    }
                    @if let Some(form) = &self.detail.form { (self.data(form)) }
                }
                div {
                    (self.decision())
                    (certificates::section(w, self.detail, self.csrf))
                    (checks::section(w, self.detail))
                    @if !self.detail.document_checks.is_empty() {
                        (document::section(w, &self.detail.document_checks))
                    }
                }
            }
        }
    }

    fn heading(&self) -> String {
        match &self.detail.form {
            Some(form) => form.holder().common_name(),
            None => self.words.applications.to_owned(),
        }
    }

    fn pictures(&self) -> Markup {
        let (w, id) = (self.words, self.detail.summary.id);
        html! {
            section.card aria-labelledby="pictures" {
                h2 #pictures { (w.pictures) }
                div.pictures {
                    @for (part, title) in [
                        (PartName::Selfie, w.selfie),
                        (PartName::DocumentPhoto, w.document_photo),
                    ] {
                        @if self.detail.parts.contains(&part) {
                            @let path = format!("/applications/{id}/{part}");
                            figure {
                                a href=(path) { img src=(path) alt=(title); }
                                figcaption { (title) " · " a href=(path) { (w.open_full_size) } }
                            }
                        }
                    }
                }
            }
        }
    }

    fn video(&self) -> Markup {
        let (w, id) = (self.words, self.detail.summary.id);
        html! {
            section.card aria-labelledby="video" {
                h2 #video { (w.video) }
                @if self.frames.is_empty() {
                    p.notice.error { (w.video_unreadable) }
                } @else {
                    div.frames role="group" aria-label=(w.video_frames) {
                        @for (millis, data) in self.frames {
                            @let time = moment::tenths(w, *millis);
                            figure {
                                img src=(data) alt={ (w.frame) " " (time) };
                                figcaption { (time) }
                            }
                        }
                    }
                    a.button href={ "/applications/" (id) "/video" } { (w.play_video) }
                }
            }
        }
    }

    fn data(&self, form: &Applied) -> Markup {
        let w = self.words;
        let holder = form.holder();
        html! {
            section.card aria-labelledby="form" {
                h2 #form { (w.form) }
                dl {
                    dt { (w.iin) } dd { (grouped(form.iin().expose())) }
                    dt { (w.surname) } dd { (holder.surname()) }
                    @if !holder.given_name().is_empty() {
                        dt { (w.given_name) } dd { (holder.given_name()) }
                    }
                    @if !holder.patronymic().is_empty() {
                        dt { (w.patronymic) } dd { (holder.patronymic()) }
                    }
                    @if let Some(document) = form.document() {
                        dt { (w.document) } dd {
                            (match document.kind {
                                DocumentKind::IdCard => w.id_card,
                                DocumentKind::Passport => w.passport,
                            })
                            small { (w.read_by) ": " (match document.read_by {
                                ReadBy::Chip => w.by_chip,
                                ReadBy::Mrz => w.by_mrz,
                                ReadBy::Typed => w.by_typing,
                            }) }
                        }
                        dt { (w.document_number) } dd { (document.number.expose()) }
                    }
                    dt { (w.phone) } dd { (self.phone()) }
                    dt { (w.email) } dd { (form.email().expose()) }
                    dt { (w.storage) } dd { (storage(w, *form.storage())) }
                    dt { (w.algorithm) } dd { (match form.algorithm() {
                        KeyAlgorithm::Rsa2048 => "RSA-2048",
                        KeyAlgorithm::EcdsaP256 => "ECDSA P-256",
                    }) }
                    dt { (w.citizen_language) } dd { (w.name_of(*form.language())) }
                    dt { (w.consented) } dd { (moment::date_time(*form.consented_at())) }
                }
            }
        }
    }

    fn phone(&self) -> Markup {
        let (w, phone) = (self.words, &self.detail.phone);
        let standing = match phone.standing {
            "proven" => w.phone_proven,
            "requested" => w.phone_requested,
            _ => w.phone_unproven,
        };
        html! {
            @match (&phone.requested, &phone.registered) {
                (Some(new), before) => {
                    (new)
                    small { (standing) }
                    @if let Some(before) = before { small { (w.phone_before) ": " (before) } }
                }
                (None, Some(registered)) => { (registered) small { (standing) } }
                (None, None) => (standing),
            }
        }
    }

    fn decision(&self) -> Markup {
        let w = self.words;
        html! {
            section.card aria-labelledby="decision" {
                h2 #decision { (w.decision) }
                @match self.detail.summary.state {
                    SubmissionState::Received => p.notice.wait { (w.looked_at_soon) },
                    SubmissionState::Open => (self.choices()),
                    _ => (self.decided()),
                }
            }
        }
    }

    fn decided(&self) -> Markup {
        let (w, s) = (self.words, &self.detail.summary);
        let (class, told) = match &self.detail.decision {
            Decision::Rejected { reason } => ("notice error", Some(reason)),
            Decision::AskAgain { what } => ("notice wait", Some(what)),
            Decision::Approved | Decision::Pending => ("notice good", None),
        };
        html! {
            div class=(class) role="status" {
                (state_tag(w, s.state, s.collected))
                @if let Some(told) = told { p.told { (told) } }
            }
            dl {
                @if let Some(by) = &s.decided_by { dt { (w.decided_by) } dd {
                    (if by == BY_RULE { w.by_rule } else { by.as_str() })
                } }
                @if let Some(at) = s.decided_at { dt { (w.when) } dd { (moment::date_time(at)) } }
            }
        }
    }

    fn choices(&self) -> Markup {
        let (w, id) = (self.words, self.detail.summary.id);
        html! {
            @if checks::approvable(self.detail) {
                @if self.detail.phone.requested.is_some() {
                    p.notice.wait { (w.phone_change_note) }
                }
                form method="post" action={ "/applications/" (id) "/approve" } {
                    input type="hidden" name="csrf" value=(self.csrf);
                    p.hint { (w.approve_note) }
                    button { (w.approve) }
                }
            } @else {
                p.notice.error { (w.not_approvable) }
            }
            @for (action, title, label, class) in [
                ("ask-again", w.ask_again, w.ask_again_label, "plain"),
                ("reject", w.reject, w.reject_label, "refuse"),
            ] {
                details.choice {
                    summary { (title) }
                    form method="post" action={ "/applications/" (id) "/" (action) } {
                        input type="hidden" name="csrf" value=(self.csrf);
                        label for=(action) { (label) }
                        textarea id=(action) name="text" required maxlength="500"
                            aria-describedby={ (action) "-hint" } {}
                        @if let Some(form) = &self.detail.form {
                            p.hint id={ (action) "-hint" } {
                                (w.citizen_reads) " " strong { (w.name_of(*form.language())) } "."
                            }
                        }
                        button class=(class) { (title) }
                    }
                }
            }
        }
    }
}

/// 4-4-4, as people read an IIN.
fn grouped(iin: &str) -> String {
    let groups: Vec<&str> = (0..iin.len())
        .step_by(4)
        .filter_map(|i| iin.get(i..(i + 4).min(iin.len())))
        .collect();
    groups.join(" ")
}

fn storage(words: &Words, storage: StorageType) -> &'static str {
    match storage {
        StorageType::Pkcs12 => words.storage_file,
        StorageType::AKKaztokenStore => "Kaztoken",
        StorageType::AKKZIDCardStore => words.id_card,
        StorageType::AKEToken72KStore => "eToken 72K",
        StorageType::AKEToken5110Store => "eToken 5110",
        StorageType::AKJaCartaStore => "JaCarta",
        StorageType::AKAKEYStore => "AKey",
        StorageType::Piv => words.storage_piv,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_iin_is_read_in_groups() {
        assert_eq!(super::grouped("880412401006"), "8804 1240 1006");
        assert_eq!(super::grouped(""), "");
    }
}
