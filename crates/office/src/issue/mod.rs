//! The part with the certificate authority's key: no listener, no decryption key.
//!
//! It looks at the database, and signs only for orders that carry the desk's
//! signature and nonces that carry the signature of the order's own key. What
//! `receive` wrote is believed in nothing else.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use exchange::{KioskId, Signed, SubmissionId, UnixMillis, VerifyingKey};
use keystore::certificate::Serial;
use tokio_util::sync::CancellationToken;

use crate::{
    authority::{Authority, Reason, Revocation},
    config::Configuration,
    db::{
        Database,
        alarms::{self, AlarmKind},
        certificates::{self, Certificate, CertificateState},
        submissions,
        visits::{self, KeyProof, KeyProofState},
    },
    keys,
    layout::Layout,
    order::IssueOrder,
    serve,
};

/// Issues and revokes citizens' certificates: built in here, elsewhere a real
/// authority behind CMP (RFC 9810).
pub trait CertificateAuthority: Send + Sync {
    /// # Errors
    /// The authority refuses the request or cannot sign.
    fn issue(&self, order: &IssueOrder, now: UnixMillis) -> Result<SignedCertificate>;

    /// Publishes everything that is revoked: serial numbers and times.
    ///
    /// # Errors
    /// The list cannot be signed or written.
    fn publish_revoked(&self, revoked: &[(String, UnixMillis)], now: UnixMillis) -> Result<()>;
}

pub struct SignedCertificate {
    pub serial: String,
    pub der: Vec<u8>,
}

/// The authority of this office, whose revocation list lies in `public/`.
pub struct BuiltIn {
    authority: Authority,
    list: PathBuf,
}

impl CertificateAuthority for BuiltIn {
    fn issue(&self, order: &IssueOrder, now: UnixMillis) -> Result<SignedCertificate> {
        let subject = keystore::Subject {
            holder: &order.subject.name,
            iin: &order.subject.iin,
            email: &order.subject.email,
        };
        let issued = self
            .authority
            .issue(&order.csr_der(), subject, order.storage, now)?;
        Ok(SignedCertificate {
            serial: issued.serial.to_string(),
            der: issued.certificate_der,
        })
    }

    fn publish_revoked(&self, revoked: &[(String, UnixMillis)], now: UnixMillis) -> Result<()> {
        let entries = revoked
            .iter()
            .map(|(serial, at)| {
                let serial: Serial = serial.parse()?;
                Ok(self.authority.revoke(serial, Reason::NotConfirmed, *at))
            })
            .collect::<Result<Vec<Revocation>>>()?;
        let number = u64::try_from(now.0).unwrap_or_default();
        let next = now.plus_millis(7 * 86_400_000);
        let list = self
            .authority
            .revocation_list(&entries, number, now, next)?;
        let fresh = self.list.with_extension("new");
        std::fs::write(&fresh, list)
            .and_then(|()| std::fs::rename(&fresh, &self.list))
            .with_context(|| format!("writing {}", self.list.display()))
    }
}

struct Issue {
    configuration: Configuration,
    database: Arc<Database>,
    authority: Box<dyn CertificateAuthority>,
    decision_key: VerifyingKey,
}

/// Looks at the database until `stop` is cancelled.
///
/// # Errors
/// A key cannot be read.
pub async fn run(layout: &Layout, stop: CancellationToken) -> Result<()> {
    let configuration = Configuration::load(layout)?;
    let authority = Authority::open(&layout.issue(), configuration.issue.identification)?;
    let issue = Arc::new(Issue {
        database: Arc::new(Database::open(&layout.database())?),
        authority: Box::new(BuiltIn {
            authority,
            list: layout.public().join("revoked.crl.pem"),
        }),
        decision_key: keys::load_verifying_key(&layout.decision_public())?,
        configuration,
    });
    issue.recover()?;
    serve::announce(layout, "issue", None)?;
    let pause = Duration::from_millis(issue.configuration.issue.poll_millis);
    loop {
        let turn = Arc::clone(&issue);
        let done = tokio::task::spawn_blocking(move || turn.turn()).await?;
        if let Err(e) = done {
            tracing::error!("issuing failed: {e:#}");
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => return Ok(()),
        }
    }
}

impl Issue {
    /// A reservation left by a crash never became a certificate that anyone got.
    fn recover(&self) -> Result<()> {
        let now = UnixMillis::from_system_clock();
        self.database.write(|t| {
            for left in certificates::abandoned(t)? {
                certificates::revoked(t, left.id, now)?;
            }
            Ok(())
        })
    }

    fn turn(&self) -> Result<()> {
        let now = UnixMillis::from_system_clock();
        self.revoke_overdue(now)?;
        for proof in self.database.read(visits::waiting_proofs)? {
            self.answer(&proof, now)?;
        }
        Ok(())
    }

    fn revoke_overdue(&self, now: UnixMillis) -> Result<()> {
        // Looked at first without the write lock, which the other parts need.
        if !self.database.read(|c| certificates::any_overdue(c, now))? {
            return Ok(());
        }
        let overdue = self.database.write(|t| certificates::overdue(t, now))?;
        for certificate in overdue {
            self.revoke(&certificate, now)?;
            self.database.write(|t| {
                let id = Some(certificate.submission);
                alarms::raise(t, AlarmKind::NotConfirmed, None, id, now)
            })?;
        }
        Ok(())
    }

    /// Published before it is recorded: a crash in between repeats the publishing.
    fn revoke(&self, certificate: &Certificate, now: UnixMillis) -> Result<()> {
        let mut revoked = self.database.read(certificates::all_revoked)?;
        revoked.extend(certificate.serial.clone().map(|s| (s, now)));
        self.authority.publish_revoked(&revoked, now)?;
        self.database
            .write(|t| certificates::revoked(t, certificate.id, now))
    }

    fn answer(&self, proof: &KeyProof, now: UnixMillis) -> Result<()> {
        let state = match self.issue(proof, now) {
            Ok(()) => KeyProofState::Issued,
            Err(e) => {
                tracing::error!("submission {}: not issued: {e:#}", proof.submission);
                let kiosk: Option<KioskId> = proof.kiosk.parse().ok();
                self.database.write(|t| {
                    let id = Some(proof.submission);
                    alarms::raise(t, AlarmKind::IssueFailed, kiosk.as_ref(), id, now)
                })?;
                KeyProofState::Refused
            }
        };
        self.database
            .write(|t| visits::set_proof_state(t, &proof.nonce, state))
    }

    fn issue(&self, proof: &KeyProof, now: UnixMillis) -> Result<()> {
        let order = self.order(proof.submission)?;
        anyhow::ensure!(
            order.is_proven_by(&proof.nonce, &proof.signature),
            "the nonce is not signed by the key of the request"
        );
        let longest = i64::from(self.configuration.collect.nonce_seconds) * 1000;
        anyhow::ensure!(now.0 - proof.at.0 <= longest, "the proof is too old");

        let minutes = i64::from(self.configuration.collect.confirm_minutes);
        let confirm_before = now.plus_millis(minutes * 60_000);
        // One that was issued and never confirmed (the kiosk lost its answer) ends first.
        if let Some(before) = self
            .database
            .read(|c| certificates::live(c, proof.submission))?
        {
            anyhow::ensure!(
                before.state != CertificateState::Confirmed,
                "this application already has its certificate"
            );
            let claimed = self.database.write(|t| certificates::claim(t, before.id))?;
            anyhow::ensure!(claimed, "the earlier certificate was confirmed just now");
            self.revoke(&before, now)?;
        }
        let id = self.database.write(|t| {
            certificates::reserve(t, proof.submission, &proof.nonce, now, confirm_before)
        })?;
        match self.authority.issue(&order, now) {
            Ok(signed) => self
                .database
                .write(|t| certificates::issued(t, id, &signed.serial, &signed.der)),
            Err(e) => {
                self.database.write(|t| certificates::revoked(t, id, now))?;
                Err(e)
            }
        }
    }

    /// The desk's order for this submission, its signature checked.
    fn order(&self, submission: SubmissionId) -> Result<IssueOrder> {
        let text = self
            .database
            .read(|c| submissions::get(c, submission))?
            .and_then(|s| s.issue_order)
            .context("there is no order")?;
        let signed: Signed<IssueOrder> = serde_json::from_str(&text)?;
        let order = signed.verify(&self.decision_key)?;
        anyhow::ensure!(
            order.submission == submission,
            "the order is for another submission"
        );
        Ok(order)
    }
}
