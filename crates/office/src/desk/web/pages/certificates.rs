//! The certificates of one application, and ending them.

use maud::{Markup, html};

use crate::authority::Reason;
use crate::db::{certificates::CertificateState, revocations::RevocationState};
use crate::desk::web::moment;
use crate::desk::web::words::Words;
use crate::desk::{CertificateView, Detail};

/// Nothing where none was ever signed.
pub fn section(words: &Words, detail: &Detail, csrf: &str) -> Markup {
    html! {
        @if !detail.certificates.is_empty() {
            section.card aria-labelledby="certificates" {
                h2 #certificates { (words.certificates) }
                @for certificate in &detail.certificates {
                    (one(words, certificate))
                    @if certificate.state != CertificateState::Revoked {
                        (ending(words, detail, certificate, csrf))
                    }
                }
            }
        }
    }
}

fn one(words: &Words, certificate: &CertificateView) -> Markup {
    let state = match certificate.state {
        CertificateState::Confirmed => words.certificate_live,
        CertificateState::Revoked => words.certificate_revoked,
        _ => words.certificate_unconfirmed,
    };
    let wanted = match certificate.wanted {
        Some(RevocationState::Asked | RevocationState::Ordered) => Some(words.revocation_ordered),
        Some(RevocationState::Held) => Some(words.revocation_held),
        Some(RevocationState::Refused) => Some(words.revocation_refused),
        Some(RevocationState::Done) | None => None,
    };
    html! {
        dl {
            dt { (words.serial_number) } dd { span.code { (certificate.serial) } }
            dt { (words.state) } dd {
                (state)
                @if let Some(at) = certificate.revoked_at {
                    small { (moment::date_time(at)) }
                }
                @if let Some(reason) = certificate.reason {
                    small { (text(words, reason)) }
                }
            }
            @if let Some(end) = certificate.not_after {
                dt { (words.valid_until) } dd { (moment::date_time(end)) }
            }
        }
        @if let Some(wanted) = wanted { p.notice.wait { (wanted) } }
    }
}

fn ending(words: &Words, detail: &Detail, certificate: &CertificateView, csrf: &str) -> Markup {
    let id = detail.summary.id;
    let label = format!("reason-{}", certificate.serial);
    html! {
        details.choice {
            summary { (words.revoke) }
            form method="post" action={ "/applications/" (id) "/revoke" } {
                input type="hidden" name="csrf" value=(csrf);
                input type="hidden" name="serial" value=(certificate.serial);
                label for=(label) { (words.revocation_reason) }
                select id=(label) name="reason" required {
                    @for reason in Reason::CHOICES {
                        option value=(reason.as_str()) { (text(words, reason)) }
                    }
                }
                p.hint { (words.revoke_note) }
                button.refuse { (words.revoke) }
            }
        }
    }
}

fn text(words: &Words, reason: Reason) -> &'static str {
    match reason {
        Reason::KeyCompromise => words.reason_key_compromise,
        Reason::AffiliationChanged => words.reason_affiliation_changed,
        Reason::Superseded => words.reason_superseded,
        Reason::CessationOfOperation => words.reason_cessation_of_operation,
        Reason::PrivilegeWithdrawn => words.reason_privilege_withdrawn,
        Reason::NotConfirmed => words.reason_not_confirmed,
    }
}
