//! The part with the certificate authority's key: no listener, no decryption key.
//!
//! It looks at the database, signs only for orders that carry the desk's signature
//! and nonces that carry the signature of the order's own key, and revokes only what
//! the desk ordered or nobody confirmed. What `receive` wrote is believed in nothing
//! else.

mod built_in;
mod cmp_authority;
mod revoking;
mod signing;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use exchange::{UnixMillis, VerifyingKey};
use tokio_util::sync::CancellationToken;

use crate::{
    authority::{Authority, Reason, RevocationList},
    config::{AuthorityKind, Configuration},
    db::{Database, certificates::Certificate, cmp_transactions},
    keys,
    layout::Layout,
    order::IssueOrder,
    serve,
};

pub use built_in::BuiltIn;
pub use cmp_authority::{CmpAuthority, CmpSettings};

/// Issues and revokes citizens' certificates: built in here, elsewhere a real
/// authority behind CMP (RFC 9810).
pub trait CertificateAuthority: Send + Sync {
    /// Called from several threads at once. Waits for no decision: what is put off is
    /// asked for again.
    ///
    /// # Errors
    /// The authority refuses the request or cannot sign.
    fn issue(&self, order: &IssueOrder, now: UnixMillis) -> Result<Issuance>;

    /// Ends a certificate in use, before it is called revoked here. Repeated until it
    /// succeeds or is refused.
    ///
    /// # Errors
    /// See [`NotRevoked`].
    fn revoke(
        &self,
        certificate: &Certificate,
        reason: Reason,
        now: UnixMillis,
    ) -> Result<(), NotRevoked>;

    /// Publishes everything that is revoked.
    ///
    /// # Errors
    /// The list cannot be signed or written.
    fn publish_revoked(&self, list: &RevocationList) -> Result<()>;

    /// Called every minute, for what must be renewed in time.
    ///
    /// # Errors
    /// It could not be.
    fn upkeep(&self, now: UnixMillis) -> Result<()>;

    /// The kiosk found the certificate beside its key. Called for those that an
    /// authority keeps a transaction of, until it succeeds.
    ///
    /// # Errors
    /// The authority could not be told.
    fn confirmed(&self, serial: &str, now: UnixMillis) -> Result<()>;

    /// The certificate did not reach its key and is revoked here.
    ///
    /// # Errors
    /// The authority could not be told.
    fn not_confirmed(&self, serial: &str, now: UnixMillis) -> Result<()>;
}

/// What an authority makes of an order.
pub enum Issuance {
    Signed(SignedCertificate),
    /// It has not decided, and is not to be asked again before.
    Undecided {
        ask_at: UnixMillis,
    },
}

/// Why a certificate is still in force at its authority.
#[derive(Debug, thiserror::Error)]
pub enum NotRevoked {
    #[error("the authority refuses: {0:#}")]
    Refused(anyhow::Error),
    /// It may be asked again.
    #[error("the authority was not reached, or puts it off: {0:#}")]
    Later(anyhow::Error),
}

pub struct SignedCertificate {
    /// Hexadecimal.
    pub serial: String,
    pub der: Vec<u8>,
}

/// The running part.
pub struct Issue {
    configuration: Configuration,
    database: Arc<Database>,
    authority: Box<dyn CertificateAuthority>,
    decision_key: VerifyingKey,
    /// For how long a proof of key waits for an authority that has not decided.
    wait_millis: i64,
}

const UPKEEP: Duration = Duration::from_secs(60);

/// Looks at the database until `stop` is cancelled.
///
/// # Errors
/// A key cannot be read, or the first revocation list cannot be made.
pub async fn run(layout: &Layout, stop: CancellationToken) -> Result<()> {
    let issue = Arc::new(Issue::open(layout)?);
    let first = Arc::clone(&issue);
    tokio::task::spawn_blocking(move || first.upkeep(UnixMillis::from_system_clock())).await??;
    serve::announce(layout, "issue", None)?;
    let pause = Duration::from_millis(issue.configuration.issue.poll_millis);
    let mut kept_up = tokio::time::Instant::now();
    loop {
        let turn = Arc::clone(&issue);
        let upkeep = kept_up.elapsed() > UPKEEP;
        if upkeep {
            kept_up = tokio::time::Instant::now();
        }
        let done = tokio::task::spawn_blocking(move || {
            let now = UnixMillis::from_system_clock();
            let answered = turn.turn(now)?;
            if upkeep {
                turn.upkeep(now)?;
            }
            anyhow::Ok(answered)
        })
        .await?;
        let more = match done {
            Ok(answered) => answered > 0,
            Err(e) => {
                tracing::error!("issuing failed: {e:#}");
                false
            }
        };
        if more && !stop.is_cancelled() {
            continue;
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => return Ok(()),
        }
    }
}

impl Issue {
    /// Within a runtime, where the authority is one behind CMP.
    ///
    /// # Errors
    /// A key or setting of this part cannot be read.
    pub fn open(layout: &Layout) -> Result<Self> {
        let configuration = Configuration::load(layout)?;
        let database = Arc::new(Database::open(&layout.database())?);
        let authority: Box<dyn CertificateAuthority> = match &configuration.authority {
            AuthorityKind::BuiltIn => {
                let statements = configuration.issue.statements();
                let authority = Authority::open(&layout.issue(), statements)?;
                Box::new(BuiltIn::new(authority, layout))
            }
            AuthorityKind::Cmp(settings) => {
                Box::new(CmpAuthority::open(settings, layout, Arc::clone(&database))?)
            }
        };
        let wait_millis = match &configuration.authority {
            AuthorityKind::BuiltIn => 0,
            AuthorityKind::Cmp(settings) => i64::from(settings.wait_seconds) * 1000,
        };
        Ok(Self {
            wait_millis,
            database,
            authority,
            decision_key: keys::load_verifying_key(&layout.decision_public())?,
            configuration,
        })
    }

    /// Does what waits, up to a few dozen certificates; says how many proofs it
    /// answered or came closer to answering.
    ///
    /// # Errors
    /// Database or disk. What was begun is ended by the next turn.
    pub fn turn(&self, now: UnixMillis) -> Result<usize> {
        self.end_abandoned()?;
        self.revoke_ordered(now)?;
        self.revoke_overdue(now)?;
        self.tell_authority(now)?;
        self.answer_waiting(now)
    }

    /// What became of certificates, where the authority waits to hear it.
    fn tell_authority(&self, now: UnixMillis) -> Result<()> {
        for ended in self.database.read(|c| cmp_transactions::ended(c, now))? {
            let told = if ended.confirmed {
                self.authority.confirmed(&ended.serial, now)
            } else {
                self.authority.not_confirmed(&ended.serial, now)
            };
            if let Err(e) = told {
                tracing::error!("submission {}: authority not told: {e:#}", ended.submission);
            }
        }
        Ok(())
    }

    /// Keeps what the world is told fresh.
    fn upkeep(&self, now: UnixMillis) -> Result<()> {
        self.authority.upkeep(now)?;
        self.list_in_time(now)
    }
}
