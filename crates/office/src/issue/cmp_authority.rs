//! A real certificate authority behind CMP.
//!
//! It is asked with the citizen's own request, and hears that a certificate is in use
//! only after the kiosk found it beside its key. What is open lies in the database.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use cmp::{
    Address, CONTENT_TYPE, Client, Configuration, Credentials, DerCertificate, Error, FailInfo,
    Issued, MAX_MESSAGE, Mac, Patience, Progress, SharedSecret, SignatureKey, Status, Transport,
    TransportError, Waiting, judge_answer,
};
use der::Decode;
use exchange::{SubmissionId, UnixMillis};
use keystore::csr::Request;
use reqwest::header::{CONNECTION, CONTENT_TYPE as CONTENT_TYPE_HEADER};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use x509_cert::{Certificate, name::Name};
use zeroize::Zeroizing;

use super::{CertificateAuthority, Issuance, NotRevoked, SignedCertificate};
use crate::{
    authority::{Reason, RevocationList},
    db::{
        self, Database,
        alarms::{self, AlarmKind},
        cmp_transactions as transactions,
    },
    layout::Layout,
    order::IssueOrder,
};

/// Files are PEM. The authority's own chain is the one that kiosks are given,
/// `public/authority_chain.pem`: the issuing CA first, its root last.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CmpSettings {
    pub address: String,
    /// Take an `http` address: for trials on one machine.
    #[serde(default)]
    pub plain_http: bool,
    /// Roots of the address's TLS certificate.
    pub tls_trust: Option<PathBuf>,
    /// Roots of the certificates that the authority signs its answers with.
    pub trust: Option<PathBuf>,
    /// The authority's certificate for answers, of which only the name is used. Left
    /// out: it answers without a name, as one that shares a secret may.
    pub recipient: Option<PathBuf>,
    /// This office's certificate with its chain, and its key (PKCS#8) ...
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
    /// ... or a secret that it shares with the authority, and what it is called there.
    pub reference: Option<String>,
    pub secret: Option<PathBuf>,
    /// Protect with PBMAC1 instead of PasswordBasedMac.
    #[serde(default)]
    pub pbmac1: bool,
    /// Take answers whose shared-secret protection uses HMAC with SHA-1.
    #[serde(default)]
    pub allow_hmac_sha1: bool,
    /// The certificate profile to ask for, by the name it has there.
    pub profile: Option<String>,
    /// How long a citizen at the kiosk waits for an authority that puts off its
    /// decision. Later, it is asked for the same decision again.
    #[serde(default = "wait_seconds")]
    pub wait_seconds: u32,
    /// How long the decision may take altogether.
    #[serde(default = "patience_minutes")]
    pub patience_minutes: u32,
}

fn wait_seconds() -> u32 {
    20
}

fn patience_minutes() -> u32 {
    60
}

pub struct CmpAuthority {
    configuration: Configuration,
    transport: Http,
    database: Arc<Database>,
}

/// Between two tries to tell the authority, and for how long an undecided request is
/// kept that nobody comes back for.
const TRY_AGAIN: i64 = 30_000;
/// Between two questions for the same decision, at least.
const PAUSE: i64 = 1000;
const KEEP: i64 = 86_400_000;

impl CmpAuthority {
    /// Within the runtime that carries the messages.
    ///
    /// # Errors
    /// A file cannot be read, or the settings do not go together.
    pub fn open(settings: &CmpSettings, layout: &Layout, database: Arc<Database>) -> Result<Self> {
        let recipient = match &settings.recipient {
            Some(path) => certificates(path)?[0].subject().clone(),
            None => Name::default(),
        };
        let mut configuration = Configuration::new(recipient, credentials(settings)?);
        if let Some(path) = &settings.trust {
            configuration.responder_anchors = certificates(path)?;
        }
        let mut chain = certificates(&layout.authority_chain())?;
        configuration.issuer_anchors = chain.pop().into_iter().collect();
        configuration.intermediates = chain;
        configuration.profile = settings.profile.clone();
        configuration.hmac_sha1 = settings.allow_hmac_sha1;
        configuration.patience = Patience {
            // At most one a second.
            polls: settings.patience_minutes.saturating_mul(60),
            total: u64::from(settings.patience_minutes) * 60_000,
        };
        let now = UnixMillis::from_system_clock();
        database.write(|t| transactions::forget_waiting_before(t, now.plus_millis(-KEEP)))?;
        Ok(Self {
            configuration,
            transport: Http::open(settings)?,
            database,
        })
    }

    fn client(&self) -> Client<'_> {
        Client::new(&self.configuration, &self.transport)
    }

    /// One message at most: a new request, or the question where an earlier one stands.
    fn progress(&self, order: &IssueOrder, now: UnixMillis) -> Result<Progress> {
        let id = order.submission;
        let Some(state) = self.database.read(|c| transactions::waiting(c, id))? else {
            let progress = self.client().begin(&order.csr_der(), now)?;
            if let Progress::Waiting(waiting) = &progress {
                self.keep(id, waiting, now)?;
            }
            return Ok(progress);
        };
        let mut waiting: Waiting = serde_json::from_str(&state)?;
        if now < waiting.ask_at() {
            return Ok(Progress::Waiting(waiting));
        }
        match self.client().poll(&mut waiting, now) {
            Ok(Some(issued)) => Ok(Progress::Issued(Box::new(issued))),
            // What was not answered may be asked again.
            Ok(None) | Err(Error::Transport(_)) => {
                self.keep(id, &waiting, now)?;
                Ok(Progress::Waiting(waiting))
            }
            Err(e) => {
                self.database
                    .write(|t| transactions::forget_waiting(t, id))?;
                Err(e.into())
            }
        }
    }

    fn keep(&self, id: SubmissionId, waiting: &Waiting, now: UnixMillis) -> Result<()> {
        let state = serde_json::to_string(waiting)?;
        self.database
            .write(|t| transactions::keep_waiting(t, id, &state, now))
    }

    /// Tells the authority what became of a certificate.
    fn conclude(
        &self,
        serial: &str,
        now: UnixMillis,
        tell: impl FnOnce(&mut Issued) -> Result<(), Error>,
    ) -> Result<()> {
        let state = self.database.read(|c| transactions::of_serial(c, serial))?;
        let mut issued: Issued =
            serde_json::from_str(&state.context("there is no transaction for it")?)?;
        match tell(&mut issued) {
            Ok(()) => self.database.write(|t| transactions::closed(t, serial)),
            // The authority itself says that it is over: it will not say otherwise.
            Err(e @ Error::Refused(_)) => {
                self.database.write(|t| {
                    transactions::closed(t, serial)?;
                    alarms::raise(t, AlarmKind::IssueFailed, None, None, now)
                })?;
                Err(e.into())
            }
            Err(e) => {
                let later = now.plus_millis(TRY_AGAIN);
                self.database
                    .write(|t| transactions::try_again(t, serial, later))?;
                Err(e.into())
            }
        }
    }
}

impl CertificateAuthority for CmpAuthority {
    fn issue(&self, order: &IssueOrder, now: UnixMillis) -> Result<Issuance> {
        // The authority goes by the request, so it has to say what the desk verified.
        let request = Request::verify(&order.csr_der())?;
        let subject = keystore::Subject {
            holder: &order.subject.name,
            iin: &order.subject.iin,
            email: &order.subject.email,
        };
        let name = subject.name().context("the subject cannot be encoded")?;
        ensure!(
            *request.subject() == name && request.email()? == order.subject.email.expose(),
            "the request names another person or e-mail address than was decided"
        );
        let id = order.submission;
        let issued = match self.progress(order, now)? {
            Progress::Issued(issued) => *issued,
            Progress::Waiting(waiting) => {
                // An authority that says "at once" is not asked without a pause.
                let ask_at = waiting.ask_at().max(now.plus_millis(PAUSE));
                return Ok(Issuance::Undecided { ask_at });
            }
        };
        let der = issued.certificate().to_vec();
        let certificate = Certificate::from_der(&der).context("reading the certificate")?;
        let serial = hex::encode(certificate.tbs_certificate().serial_number().as_bytes());
        let state = serde_json::to_string(&issued)?;
        self.database
            .write(|t| transactions::issued(t, id, &serial, &state))?;
        Ok(Issuance::Signed(SignedCertificate { serial, der }))
    }

    /// By a revocation request (RFC 9483 section 4.2), once the authority knows that
    /// the certificate is in use.
    fn revoke(
        &self,
        certificate: &db::certificates::Certificate,
        reason: Reason,
        now: UnixMillis,
    ) -> Result<(), NotRevoked> {
        let open = || -> Result<DerCertificate> {
            let serial = certificate.serial.as_deref().context("no serial number")?;
            let open = self.database.read(|c| transactions::of_serial(c, serial))?;
            ensure!(open.is_none(), "it has not heard yet what became of it");
            let der = certificate.der.as_deref().context("no certificate")?;
            DerCertificate::from_der(der).context("reading the certificate")
        };
        let named = open().map_err(NotRevoked::Later)?;
        match self.client().revoke(&named, reason.crl_reason(), now) {
            Ok(()) => Ok(()),
            Err(Error::Refused(status)) if status.status() != Status::Waiting => {
                Err(NotRevoked::Refused(Error::Refused(status).into()))
            }
            Err(e) => Err(NotRevoked::Later(e.into())),
        }
    }

    /// The authority publishes its own.
    fn publish_revoked(&self, _: &RevocationList) -> Result<()> {
        Ok(())
    }

    fn upkeep(&self, _: UnixMillis) -> Result<()> {
        Ok(())
    }

    fn confirmed(&self, serial: &str, now: UnixMillis) -> Result<()> {
        self.conclude(serial, now, |issued| self.client().confirm(issued, now))
    }

    fn not_confirmed(&self, serial: &str, now: UnixMillis) -> Result<()> {
        let text = "the certificate did not reach its key";
        self.conclude(serial, now, |issued| {
            self.client()
                .reject(issued, FailInfo::SYSTEM_FAILURE, text, now)
        })
    }
}

fn credentials(settings: &CmpSettings) -> Result<Credentials> {
    match settings {
        CmpSettings {
            certificate: Some(certificate),
            key: Some(key),
            secret: None,
            ..
        } => {
            ensure!(
                settings.trust.is_some() && settings.recipient.is_some(),
                "authority.trust and authority.recipient are needed with a certificate"
            );
            let key = Zeroizing::new(read(key)?);
            let chain = String::from_utf8(read(certificate)?)?;
            let key = SignatureKey::from_pem(&key, &chain)
                .context("authority.key and authority.certificate do not go together")?;
            Ok(Credentials::Signature(Box::new(key)))
        }
        CmpSettings {
            reference: Some(reference),
            secret: Some(secret),
            certificate: None,
            key: None,
            ..
        } => {
            let secret = Zeroizing::new(read(secret)?);
            let secret = secret.trim_ascii_end();
            ensure!(secret.len() >= 16, "authority.secret is too short");
            let mac = if settings.pbmac1 {
                Mac::Pbmac1
            } else {
                Mac::Pbm
            };
            let secret = SharedSecret::new(reference.as_bytes(), secret, mac);
            Ok(Credentials::Secret(secret))
        }
        _ => bail!("authority needs a certificate and its key, or a reference and its secret"),
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("reading {}", path.display()))
}

fn certificates(path: &Path) -> Result<Vec<DerCertificate>> {
    let pem = String::from_utf8(read(path)?)?;
    DerCertificate::list_from_pem(&pem).with_context(|| format!("reading {}", path.display()))
}

/// Messages by HTTP; called outside the runtime, which carries them.
struct Http {
    client: reqwest::Client,
    address: Address,
    runtime: Handle,
}

const ANSWER_WITHIN: Duration = Duration::from_secs(30);

impl Http {
    fn open(settings: &CmpSettings) -> Result<Self> {
        let address = if settings.plain_http {
            Address::plain_for_trials(&settings.address)?
        } else {
            Address::https(&settings.address)?
        };
        let mut roots = rustls::RootCertStore::empty();
        if let Some(path) = &settings.tls_trust {
            let pem = read(path)?;
            for certificate in CertificateDer::pem_slice_iter(&pem) {
                roots.add(certificate?)?;
            }
        }
        ensure!(
            settings.plain_http || !roots.is_empty(),
            "authority.tls_trust names no certificate"
        );
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .https_only(!settings.plain_http)
            .http1_only()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(ANSWER_WITHIN)
            .build()?;
        Ok(Self {
            client,
            address,
            runtime: Handle::try_current().context("no runtime to carry messages")?,
        })
    }

    async fn post(&self, message: &[u8]) -> Result<Vec<u8>, TransportError> {
        let failed = |e: reqwest::Error| match e.is_timeout() {
            true => TransportError::TimedOut,
            false => TransportError::Unreachable(e.without_url().to_string()),
        };
        let request = self.client.post(self.address.as_str());
        let request = request
            .header(CONTENT_TYPE_HEADER, CONTENT_TYPE)
            // Buffers with names of persons do not live on in a pool.
            .header(CONNECTION, "close");
        let mut answer = request
            .body(message.to_vec())
            .send()
            .await
            .map_err(failed)?;
        let content_type = answer.headers().get(CONTENT_TYPE_HEADER);
        let content_type = content_type.and_then(|v| v.to_str().ok());
        judge_answer(
            answer.status().as_u16(),
            content_type,
            answer.content_length(),
        )?;
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(failed)? {
            if body.len() + piece.len() > MAX_MESSAGE {
                return Err(TransportError::TooLong);
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }
}

impl Transport for Http {
    fn exchange(&self, message: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.runtime.block_on(self.post(message))
    }
}
