//! Becoming one of an office's kiosks, by its one-use token.

use std::io::Read;
use std::sync::Arc;

use exchange::api::Provisioned;
use exchange::work_order::Action;
use exchange::{Secret, UnixMillis, VerifyingKey, fingerprint_words};
use faults::Fault;
use outbox::State;
use p256::pkcs8::{DecodePublicKey, EncodePublicKey};
use tokio::sync::Notify;
use x509_cert::Certificate;
use x509_cert::der::DecodePem;
use zeroize::Zeroizing;

use crate::maintenance::{Answer, Light, Refusal, Row, RowName, Step, Value, Word};
use crate::run::asked::{Asked, blocking, failure};
use crate::run::link::office_config;
use crate::run::world::Inner;
use crate::session::event::Failure;
use crate::sync::{Identity, OfficeClient, Provisioning, SyncError, TimeFloor};

use super::step;

/// On the drive.
const TOKEN_FILE: [&str; 2] = ["qoltanba", "provisioning-token"];
/// Bytes of such a file at most.
const LONGEST_TOKEN: u64 = 512;
/// A kiosk's certificate that ends sooner than this is warned of.
const ENDS_SOON_MILLIS: i64 = 30 * 24 * 3_600_000;

impl Inner {
    pub(super) async fn examine_provisioning(self: &Arc<Self>) -> Result<Answer, Failure> {
        let world = self.clone();
        blocking(move || {
            let rows = world.provisioning_rows();
            rows.map(Answer::Rows)
                .map_err(|e| failure(e.fault(), &e.to_string()))
        })
        .await
    }

    /// At the kiosk, and not at the office.
    async fn unsent(self: &Arc<Self>) -> Result<u32, Failure> {
        let outbox = self.outbox()?;
        blocking(move || {
            let count = |state| outbox.count(state);
            let both = count(State::Waiting).and_then(|w| Ok(w + count(State::Quarantined)?));
            both.map_err(|e| failure(e.fault(), "counting what waits"))
        })
        .await
    }

    fn provisioning_rows(&self) -> Result<Vec<Row>, SyncError> {
        let mut rows = vec![match self.kiosk_id() {
            Some(_) => Row::word(RowName::Provisioned, Light::Good, Word::Provisioned),
            None => Row::word(RowName::Provisioned, Light::Bad, Word::NotProvisioned)
                .with(Fault::NotProvisioned),
        }];
        rows.extend(
            self.kiosk_id()
                .map(|id| Row::text(RowName::Kiosk, id.to_string())),
        );
        rows.push(match self.config.office.url.as_str() {
            "" => Row::word(RowName::OfficeAddress, Light::Bad, Word::Missing),
            url => Row::text(RowName::OfficeAddress, url),
        });
        rows.push(self.key_row(RowName::DeviceKey));
        let Some(identity) = self.link.identity() else {
            return Ok(rows);
        };
        rows.push(Row::text(RowName::OwnWords, identity.words()?.join(" ")));
        if let Some(given) = identity.provisioned()? {
            rows.extend(office_words(&given).map(|words| Row::text(RowName::OfficeWords, words)));
            let until = not_after(&given.tls_certificate_pem);
            rows.extend(until.map(|until| certificate_row(until, self.clock.not_before())));
        }
        Ok(rows)
    }

    /// Shows the words to compare until the office's administrator has; then the kiosk starts
    /// anew, as that office's.
    pub(super) async fn provision(
        self: &Arc<Self>,
        asked: &Asked,
        token: Option<Secret>,
    ) -> Result<Answer, Failure> {
        // What waits is sealed to the office it was taken for.
        if self.kiosk_id().is_some() && self.unsent().await? > 0 {
            return Ok(Answer::Refused(Refusal::UnsentSubmissions));
        }
        let token = match token {
            Some(token) => token,
            None => match self.token_from_drive().await? {
                Ok(token) => token,
                Err(refusal) => return Ok(Answer::Refused(refusal)),
            },
        };
        let (client, identity) = match self.stranger().await? {
            Ok(both) => both,
            Err(e @ SyncError::Key(_)) => return Err(self.key_failure(e)),
            Err(e) => {
                tracing::error!("no office to be provisioned by: {e}");
                return Ok(Answer::Refused(Refusal::BadAddress));
            }
        };
        let abandoned = Arc::new(Notify::new());
        asked.on_abandon({
            let abandoned = abandoned.clone();
            move || abandoned.notify_one()
        });
        let waiting = client.provision_and_wait(&identity, &token, |now| {
            if let Provisioning::Awaiting { kiosk, words } = now {
                for row in awaiting(kiosk.to_string(), words) {
                    step(asked, Step::Row(row));
                }
            }
        });
        let provisioned = tokio::select! {
            provisioned = waiting => provisioned,
            () = abandoned.notified() => return Ok(Answer::Refused(Refusal::Failed)),
        };
        if let Err(e) = provisioned {
            tracing::error!("not provisioned: {e}");
            return Ok(Answer::Refused(match e {
                SyncError::Refused { .. } => Refusal::TokenRefused,
                SyncError::Unreachable(_) => Refusal::OfficeUnreachable,
                _ => Refusal::OfficeRefused,
            }));
        }
        tracing::info!("this kiosk was provisioned");
        self.note_done(Action::Configured).await;
        self.end_soon();
        Ok(Answer::Rows(vec![
            Row::word(RowName::Provisioned, Light::Good, Word::Provisioned),
            Row::word(RowName::Program, Light::Running, Word::Restarted),
        ]))
    }

    /// A client of nobody's kiosk.
    async fn stranger(
        self: &Arc<Self>,
    ) -> Result<Result<(OfficeClient, Identity), SyncError>, Failure> {
        let world = self.clone();
        blocking(move || {
            let open = || {
                let data_dir = &world.config.data_dir;
                let identity = Identity::to_provision(&data_dir.join("identity"), &world.tpm)?;
                let floor = TimeFloor::open(data_dir.join("office-time.json"), None)?;
                let office = office_config(&world.config.office)?;
                Ok((
                    OfficeClient::unprovisioned(&office, floor.into())?,
                    identity,
                ))
            };
            Ok(open())
        })
        .await
    }

    async fn token_from_drive(self: &Arc<Self>) -> Result<Result<Secret, Refusal>, Failure> {
        let world = self.clone();
        blocking(move || {
            let drive = match world.drive_to_read() {
                Ok(drive) => drive,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let path = TOKEN_FILE.map(str::to_owned);
            let file = match world.drives.open_file(drive.id, &path) {
                Ok(file) => std::fs::File::from(file),
                Err(Fault::FileUnreadable) => return Ok(Err(Refusal::NoToken)),
                Err(fault) => return Err(failure(fault, "reading the token off a drive")),
            };
            let mut text = Zeroizing::new(String::with_capacity(LONGEST_TOKEN as usize + 1));
            let read = file.take(LONGEST_TOKEN).read_to_string(&mut text);
            Ok(match (read, text.trim()) {
                (Ok(_), token) if !token.is_empty() => Ok(Secret::from(token)),
                _ => Err(Refusal::NoToken),
            })
        })
        .await
    }
}

/// Over the keys by which this kiosk knows its office.
fn office_words(given: &Provisioned) -> Option<String> {
    let der = |pem: &str| {
        let key = VerifyingKey::from_public_key_pem(pem).ok()?;
        Some(key.to_public_key_der().ok()?.into_vec())
    };
    let words = fingerprint_words(
        &der(&given.receipt_key_pem)?,
        &der(&given.decision_key_pem)?,
    );
    Some(words.join(" "))
}

fn awaiting(kiosk: String, words: &[String]) -> [Row; 3] {
    [
        Row::word(RowName::Provisioned, Light::Running, Word::AwaitingOffice),
        Row::text(RowName::Kiosk, kiosk),
        Row::text(RowName::OwnWords, words.join(" ")),
    ]
}

fn not_after(pem: &str) -> Option<UnixMillis> {
    let certificate = Certificate::from_pem(pem.as_bytes()).ok()?;
    let not_after = certificate.tbs_certificate().validity().not_after;
    let millis = not_after.to_unix_duration().as_millis();
    Some(UnixMillis(i64::try_from(millis).ok()?))
}

fn certificate_row(until: UnixMillis, now: UnixMillis) -> Row {
    let light = match until.0 - now.0 {
        ..=0 => Light::Bad,
        left if left < ENDS_SOON_MILLIS => Light::Warning,
        _ => Light::Good,
    };
    Row::new(RowName::CertificateUntil, light, Value::Moment(until))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_warned_of_before_it_ends() {
        let day = 24 * 3_600_000;
        let light = |days: i64| certificate_row(UnixMillis(days * day), UnixMillis(0)).light;
        assert_eq!(
            [365, 29, 0].map(light),
            [Light::Good, Light::Warning, Light::Bad]
        );
    }
}
