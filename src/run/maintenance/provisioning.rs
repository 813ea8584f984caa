//! Becoming one of an office's kiosks, by its one-use token.

use std::io::Read;
use std::sync::Arc;

use exchange::api::Provisioned;
use exchange::work_order::Action;
use exchange::{Secret, UnixMillis, VerifyingKey, fingerprint_words};
use faults::Fault;
use outbox::State;
use p256::pkcs8::{DecodePublicKey, EncodePublicKey};
use serde::Deserialize;
use steward::protocol::Request;
use tokio::sync::Notify;
use x509_cert::Certificate;
use x509_cert::der::DecodePem;
use zeroize::Zeroizing;

use crate::config::{self, Config, SettingError};
use crate::maintenance::{Answer, Light, Refusal, Row, RowName, Step, Value, Word};
use crate::run::asked::{Asked, blocking, failure};
use crate::run::link::office_config;
use crate::run::world::Inner;
use crate::session::event::Failure;
use crate::sync::{Identity, OfficeClient, Provisioning, SyncError, TimeFloor};

use super::step;

/// On the drive, as `office kiosk add --drive` writes them.
const TOKEN_FILE: [&str; 2] = ["qoltanba", "provisioning-token"];
const OFFICE_FILE: [&str; 2] = ["qoltanba", "office.toml"];
/// Bytes of such a file at most.
const LONGEST_TOKEN: u64 = 512;
const LONGEST_OFFICE: u64 = 8192;
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
        let mut office = self.config.office.clone();
        let token = match token {
            Some(token) => token,
            None => {
                let token = match self.token_from_drive().await? {
                    Ok(token) => token,
                    Err(refusal) => return Ok(Answer::Refused(refusal)),
                };
                match self.office_from_drive().await? {
                    Ok(None) => {}
                    Ok(Some(adopted)) => {
                        let row = Row::text(RowName::OfficeAddress, &adopted.url);
                        step(asked, Step::Row(row));
                        office = adopted;
                    }
                    Err(refusal) => return Ok(Answer::Refused(refusal)),
                }
                token
            }
        };
        let (client, identity) = match self.stranger(office).await? {
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
        office: config::Office,
    ) -> Result<Result<(OfficeClient, Identity), SyncError>, Failure> {
        let world = self.clone();
        blocking(move || {
            let open = || {
                let data_dir = &world.config.data_dir;
                let identity = Identity::to_provision(&data_dir.join("identity"), &world.tpm)?;
                let floor = TimeFloor::open(data_dir.join("office-time.json"), None)?;
                let office = office_config(&office)?;
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
            let text = match world.read_off_drive(TOKEN_FILE, LONGEST_TOKEN)? {
                Ok(text) => text,
                Err(refusal) => return Ok(Err(refusal)),
            };
            Ok(match text.as_deref().map(|text| text.trim()) {
                Some(token) if !token.is_empty() => Ok(Secret::from(token)),
                _ => Err(Refusal::NoToken),
            })
        })
        .await
    }

    /// Which office a kiosk of nobody is to be of, where the drive says so: the steward keeps it. None: that of
    /// the configuration.
    async fn office_from_drive(
        self: &Arc<Self>,
    ) -> Result<Result<Option<config::Office>, Refusal>, Failure> {
        if !self.link.is_nobodys {
            return Ok(Ok(None));
        }
        let world = self.clone();
        let read = blocking(move || {
            let text = match world.read_off_drive(OFFICE_FILE, LONGEST_OFFICE)? {
                Ok(Some(text)) => text,
                Ok(None) => return Ok(Ok(None)),
                Err(refusal) => return Ok(Err(refusal)),
            };
            let named = match toml::from_str::<OfficeFile>(&text) {
                Ok(file) => file.office,
                Err(e) => {
                    tracing::error!("the drive's {}: {e}", OFFICE_FILE.join("/"));
                    return Ok(Err(Refusal::BadAddress));
                }
            };
            let known = &world.config.office;
            let is_known = named.url == known.url
                && std::fs::read_to_string(&known.ca_file)
                    .is_ok_and(|ca| ca.trim() == named.ca.trim());
            Ok(Ok((!is_known).then_some(named)))
        });
        let named = match read.await? {
            Ok(Some(named)) => named,
            Ok(None) => return Ok(Ok(None)),
            Err(refusal) => return Ok(Err(refusal)),
        };
        if let Err(refusal) = self.adopt(named).await? {
            return Ok(Err(refusal));
        }
        let world = self.clone();
        // As it will count from the next start on.
        blocking(move || Ok(Ok(Some(Config::load(&world.config.layers).0.office)))).await
    }

    async fn adopt(
        self: &Arc<Self>,
        OfficeOnDrive { url, ca }: OfficeOnDrive,
    ) -> Result<Result<(), Refusal>, Failure> {
        let (world, named) = (self.clone(), (url.clone(), ca.clone()));
        let kept = blocking(move || Ok(world.config.adopt_office(&named.0, &named.1))).await?;
        let Err(error) = kept else {
            return Ok(Ok(()));
        };
        tracing::info!("an office is named by a drive: {error}");
        Ok(match error {
            SettingError::AnothersLayer { .. } => {
                let adopt = Request::AdoptOffice { url, ca };
                self.ask_steward(adopt, |_, _| ()).await.map(|_| ())
            }
            SettingError::Value(_) => Err(Refusal::BadAddress),
            SettingError::NoLocalLayer | SettingError::NotEditable(_) => {
                Err(Refusal::NotPossibleHere)
            }
            SettingError::Write { .. } => Err(Refusal::Failed),
        })
    }

    /// None: there is no such file.
    fn read_off_drive(
        &self,
        path: [&str; 2],
        most: u64,
    ) -> Result<Result<Option<Zeroizing<String>>, Refusal>, Failure> {
        let drive = match self.drive_to_read() {
            Ok(drive) => drive,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let file = match self.drives.open_file(drive.id, &path.map(str::to_owned)) {
            Ok(file) => std::fs::File::from(file),
            Err(Fault::FileUnreadable) => return Ok(Ok(None)),
            Err(fault) => return Err(failure(fault, "reading off a technician's drive")),
        };
        let mut text = Zeroizing::new(String::with_capacity(most as usize + 1));
        let read = file.take(most).read_to_string(&mut text);
        Ok(Ok(read.is_ok().then_some(text)))
    }
}

/// `qoltanba/office.toml` of a technician's drive.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfficeFile {
    office: OfficeOnDrive,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfficeOnDrive {
    /// `https://host:port`
    url: String,
    /// Certificate of the office's TLS authority, PEM.
    ca: String,
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
