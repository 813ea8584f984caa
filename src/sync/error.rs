//! What can go wrong between kiosk and office, told apart by who can mend it.

use std::io::ErrorKind;
use std::time::Duration;

use exchange::{SignatureError, api::ApiError};
use faults::Fault;
use outbox::OutboxError;
use reqwest::StatusCode;
use rustls::{AlertDescription, CertificateError};

use super::DeviceKeyError;

#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    #[error("the office cannot be reached: {0}")]
    Unreachable(String),
    #[error("whoever answers is not the office: {0}")]
    Untrusted(String),
    /// In all else it is the office: expired there, or wrong the clock here.
    #[error("the office's certificate is not valid at this time: {0}")]
    OutOfDate(String),
    #[error("a captive portal or proxy answers instead of the office: {0}")]
    CaptivePortal(String),
    #[error("the office does not know this kiosk or revoked it")]
    Revoked,
    #[error("this kiosk is not provisioned")]
    NotProvisioned,
    /// Waiting helps.
    #[error("the office asks to come again (status {status})")]
    Busy {
        status: u16,
        wait: Option<Duration>,
        reason: Option<ApiError>,
    },
    /// The same request will never pass.
    #[error("the office refuses (status {status})")]
    Refused {
        status: u16,
        reason: Option<ApiError>,
    },
    #[error("what the office signed does not verify: {0}")]
    Forged(#[from] SignatureError),
    #[error("the office's answer does not fit the question: {0}")]
    Unexpected(String),
    /// A sealed file is not what was committed.
    #[error("a sealed part cannot be sent: {0}")]
    Part(String),
    #[error("the queue: {0}")]
    Outbox(#[from] OutboxError),
    #[error("{what}: {source}")]
    File {
        what: String,
        #[source]
        source: std::io::Error,
    },
    #[error("the connection to the office is not configured: {0}")]
    Configuration(String),
    #[error("this kiosk's own key: {0}")]
    Key(#[from] DeviceKeyError),
}

impl SyncError {
    /// The row of the fault table a person sees.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Unreachable(_) | Self::Busy { .. } => Fault::OfficeUnreachable,
            Self::Untrusted(_) | Self::Forged(_) => Fault::OfficeUntrusted,
            Self::OutOfDate(_) => Fault::OfficeCertificateExpired,
            Self::CaptivePortal(_) => Fault::CaptivePortal,
            Self::Revoked => Fault::KioskRevoked,
            Self::NotProvisioned => Fault::NotProvisioned,
            Self::Refused { .. } | Self::Unexpected(_) => Fault::OfficeRefused,
            Self::Part(_) => Fault::SubmissionQuarantined,
            Self::Outbox(e) => e.fault(),
            Self::File { source, .. } => match source.kind() {
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Fault::DiskFull,
                ErrorKind::ReadOnlyFilesystem => Fault::DiskReadOnly,
                _ => Fault::DiskFailed,
            },
            Self::Configuration(_) => Fault::ConfigurationBad,
            Self::Key(_) => Fault::DeviceKeyFailed,
        }
    }

    /// How long the office asked to wait.
    pub fn wait(&self) -> Option<Duration> {
        match self {
            Self::Busy { wait, reason, .. } => wait.or(match reason {
                Some(ApiError::TooMany { seconds }) => Some(Duration::from_secs((*seconds).into())),
                _ => None,
            }),
            _ => None,
        }
    }

    /// What the office itself gave as the reason.
    pub fn reason(&self) -> Option<&ApiError> {
        match self {
            Self::Busy { reason, .. } | Self::Refused { reason, .. } => reason.as_ref(),
            _ => None,
        }
    }

    /// It concerns the link or the kiosk as a whole, not the one submission that met it.
    pub fn concerns_the_link(&self) -> bool {
        matches!(
            self,
            Self::Unreachable(_)
                | Self::Untrusted(_)
                | Self::OutOfDate(_)
                | Self::CaptivePortal(_)
                | Self::Revoked
                | Self::NotProvisioned
                | Self::Configuration(_)
                | Self::Key(_)
        )
    }

    /// The meaning of an answer that is no success.
    pub(super) fn of_status(
        status: StatusCode,
        wait: Option<Duration>,
        reason: Option<ApiError>,
    ) -> Self {
        let code = status.as_u16();
        match (code, &reason) {
            (_, Some(ApiError::UnknownKiosk)) => Self::Revoked,
            // Whatever else 409 may be: this one will never pass.
            (_, Some(ApiError::Conflict)) => Self::Refused {
                status: code,
                reason,
            },
            // 460: tus's "checksum mismatch"; 511: "network authentication required" (RFC 6585).
            (408 | 409 | 423 | 425 | 429 | 460, _) | (500..=510 | 512..=599, _) => Self::Busy {
                status: code,
                wait,
                reason,
            },
            (400..=499, _) => Self::Refused {
                status: code,
                reason,
            },
            _ => Self::CaptivePortal(format!("status {code}")),
        }
    }
}

impl From<reqwest::Error> for SyncError {
    fn from(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let told = tell(&error);
        if let Some(rustls::Error::Other(other)) = tls_error(&error)
            && let Some(key) = other.0.downcast_ref::<DeviceKeyError>()
        {
            return Self::Key(key.clone());
        }
        match tls_error(&error) {
            Some(rustls::Error::AlertReceived(alert)) if is_about_our_certificate(*alert) => {
                Self::Revoked
            }
            // Something that does not speak TLS at all answered.
            Some(rustls::Error::InvalidMessage(_)) => Self::CaptivePortal(told),
            Some(rustls::Error::InvalidCertificate(why)) if is_about_time(why) => {
                Self::OutOfDate(told)
            }
            Some(
                rustls::Error::InvalidCertificate(_)
                | rustls::Error::NoCertificatesPresented
                | rustls::Error::UnsupportedNameType
                | rustls::Error::PeerIncompatible(_)
                | rustls::Error::PeerMisbehaved(_),
            ) => Self::Untrusted(told),
            _ if error.is_builder() => Self::Configuration(told),
            _ if error.is_redirect() => Self::CaptivePortal(told),
            _ => Self::Unreachable(told),
        }
    }
}

fn is_about_time(why: &CertificateError) -> bool {
    matches!(
        why,
        CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. }
    )
}

/// With TLS 1.3 the office's verdict on the client certificate comes as an alert.
fn is_about_our_certificate(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::BadCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::CertificateRequired
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::AccessDenied
            | AlertDescription::UnknownCA
    )
}

/// The error and its causes in one line.
fn tell(error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        told = format!("{told}: {error}");
        cause = error.source();
    }
    told
}

fn tls_error<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a rustls::Error> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(tls) = error.downcast_ref() {
            return Some(tls);
        }
        // An `io::Error` passes over the error it wraps when asked for its source.
        if let Some(io) = error.downcast_ref::<std::io::Error>()
            && let Some(inner) = io.get_ref()
            && let Some(tls) = tls_error(inner)
        {
            return Some(tls);
        }
        cause = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_4xx_but_the_passing_ones_is_final() {
        let passing = [408, 409, 423, 425, 429, 460];
        for code in 400..500 {
            let status = StatusCode::from_u16(code).unwrap();
            let error = SyncError::of_status(status, None, None);
            let busy = matches!(error, SyncError::Busy { .. });
            assert_eq!(busy, passing.contains(&code), "{code}");
            assert!(busy || matches!(error, SyncError::Refused { .. }), "{code}");
        }
    }

    #[test]
    fn the_offices_own_words_count_more_than_the_status() {
        let of = |code, reason| {
            SyncError::of_status(StatusCode::from_u16(code).unwrap(), None, Some(reason))
        };
        assert!(matches!(
            of(409, ApiError::Conflict),
            SyncError::Refused { .. }
        ));
        assert!(matches!(
            of(403, ApiError::UnknownKiosk),
            SyncError::Revoked
        ));
        let asked = of(429, ApiError::TooMany { seconds: 7 });
        assert_eq!(asked.wait(), Some(Duration::from_secs(7)));
    }

    #[test]
    fn a_file_tells_what_is_wrong_with_the_disk() {
        for (kind, fault) in [
            (ErrorKind::StorageFull, Fault::DiskFull),
            (ErrorKind::ReadOnlyFilesystem, Fault::DiskReadOnly),
            (ErrorKind::InvalidData, Fault::DiskFailed),
        ] {
            let error = SyncError::File {
                what: "a file".into(),
                source: kind.into(),
            };
            assert_eq!(error.fault(), fault, "{kind}");
        }
    }

    #[test]
    fn what_is_no_answer_of_ours_is_a_portal() {
        for code in [200, 302, 307, 511] {
            let error = SyncError::of_status(StatusCode::from_u16(code).unwrap(), None, None);
            assert_eq!(error.fault(), Fault::CaptivePortal, "{code}");
        }
        let error = SyncError::of_status(StatusCode::BAD_GATEWAY, None, None);
        assert_eq!(error.fault(), Fault::OfficeUnreachable);
    }
}
