//! Answering proofs of key, many in one turn: looked at and signed by all cores, and
//! written in two transactions, so that the disk is waited for twice a turn and not
//! three times a certificate. Nobody gets a certificate before it is durable.

use anyhow::{Context, Result, bail, ensure};
use der::Decode;
use exchange::{KioskId, Signed, SubmissionId, UnixMillis};
use x509_cert::Certificate;

use super::{Issuance, Issue, SignedCertificate};
use crate::{
    authority::Reason,
    db::{
        alarms::{self, AlarmKind},
        certificates::{self, CertificateState, Issued},
        submissions,
        visits::{self, KeyProof, KeyProofState},
    },
    order::IssueOrder,
};

/// Bounds how long one turn keeps the citizen waiting who came just after its start.
const BATCH: u32 = 64;

/// A proof that was found good, and the row that its certificate will fill.
struct Reserved {
    proof: KeyProof,
    order: IssueOrder,
    row: i64,
}

/// A proof that gets nothing, and why.
type Refusal = (KeyProof, anyhow::Error);

/// What becomes of a proof before anything is signed.
enum Admission {
    /// Under this row.
    Reserved(i64),
    /// An earlier certificate of the application ends first.
    Later,
    Refused(&'static str),
}

impl Issue {
    pub(super) fn answer_waiting(&self, now: UnixMillis) -> Result<usize> {
        let waiting = self
            .database
            .read(|c| visits::waiting_proofs(c, now, BATCH))?;
        if waiting.is_empty() {
            return Ok(0);
        }
        let count = waiting.len();
        let orders = self.database.read(|c| {
            let order = |p: &KeyProof| submissions::issue_order(c, p.submission);
            waiting
                .iter()
                .map(order)
                .collect::<rusqlite::Result<Vec<_>>>()
        })?;
        let asked: Vec<(KeyProof, Option<String>)> = waiting.into_iter().zip(orders).collect();
        let judged = on_all_cores(&asked, |(proof, order)| {
            self.judge(proof, order.as_deref(), now)
        });

        let mut good = Vec::new();
        let mut refused = Vec::new();
        for ((proof, _), judged) in asked.into_iter().zip(judged) {
            match judged {
                Ok(order) => good.push((proof, order)),
                Err(e) => refused.push((proof, e)),
            }
        }
        let (reserved, more) = self.reserve(good, now)?;
        refused.extend(more);
        let signed = on_all_cores(&reserved, |r| self.sign(r, now));
        let put_off = self.record(reserved, signed, &refused, now)?;
        Ok(count - put_off)
    }

    /// The order of a proof that is what it should be.
    fn judge(&self, proof: &KeyProof, order: Option<&str>, now: UnixMillis) -> Result<IssueOrder> {
        let order = self.order(proof.submission, order)?;
        if !order.is_proven_by(&proof.nonce, &proof.signature) {
            bail!("the nonce is not signed by the key of the request");
        }
        let good = i64::from(self.configuration.collect.nonce_seconds) * 1000;
        // It was in time; the authority takes its own.
        let longest = good.max(self.wait_millis);
        if now.0 - proof.at.0 > longest {
            bail!("the proof is too old");
        }
        Ok(order)
    }

    /// The desk's order for this submission, its signature checked.
    fn order(&self, submission: SubmissionId, text: Option<&str>) -> Result<IssueOrder> {
        let signed: Signed<IssueOrder> = serde_json::from_str(text.context("there is no order")?)?;
        let order = signed.verify(&self.decision_key)?;
        if order.submission != submission {
            bail!("the order is for another submission");
        }
        Ok(order)
    }

    /// Never two live certificates for one application: looked at and reserved under
    /// one lock, and once more by a unique index.
    fn reserve(
        &self,
        good: Vec<(KeyProof, IssueOrder)>,
        now: UnixMillis,
    ) -> Result<(Vec<Reserved>, Vec<Refusal>)> {
        let minutes = i64::from(self.configuration.collect.confirm_minutes);
        let confirm_before = now.plus_millis(minutes * 60_000);
        let admitted = self.database.write(|t| {
            let admit = |(proof, _): &(KeyProof, IssueOrder)| {
                let id = proof.submission;
                if certificates::over(t, id)? {
                    return Ok(Admission::Refused("this application had its certificate"));
                }
                match certificates::live(t, id)? {
                    None => certificates::reserve(t, id, &proof.nonce, now, confirm_before)
                        .map(Admission::Reserved),
                    // Of a proof just before this one.
                    Some(c) if c.state == CertificateState::Reserved => Ok(Admission::Later),
                    // Issued and never confirmed: the kiosk lost its answer.
                    Some(c) if certificates::claim(t, c.id)? => Ok(Admission::Later),
                    Some(_) => Ok(Admission::Refused("a certificate was confirmed just now")),
                }
            };
            good.iter().map(admit).collect::<rusqlite::Result<Vec<_>>>()
        })?;
        let (mut reserved, mut refused) = (Vec::new(), Vec::new());
        for ((proof, order), admission) in good.into_iter().zip(admitted) {
            match admission {
                Admission::Reserved(row) => reserved.push(Reserved { proof, order, row }),
                Admission::Refused(why) => refused.push((proof, anyhow::anyhow!(why))),
                Admission::Later => {}
            }
        }
        Ok((reserved, refused))
    }

    fn sign(&self, reserved: &Reserved, now: UnixMillis) -> Result<Signature> {
        let signed = match self.authority.issue(&reserved.order, now)? {
            Issuance::Signed(signed) => signed,
            Issuance::Undecided { ask_at } => {
                let end = reserved.proof.at.plus_millis(self.wait_millis);
                ensure!(ask_at < end, "the authority has not decided yet");
                return Ok(Signature::Undecided { ask_at });
            }
        };
        let certificate = Certificate::from_der(&signed.der)
            .map_err(|e| anyhow::anyhow!("the authority gave no certificate: {e}"))?;
        let validity = certificate.tbs_certificate().validity();
        let millis = |t: x509_cert::time::Time| UnixMillis(t.to_unix_duration().as_millis() as i64);
        Ok(Signature::Made {
            not_before: millis(validity.not_before),
            not_after: millis(validity.not_after),
            signed,
        })
    }

    /// Gives how many were put off.
    fn record(
        &self,
        reserved: Vec<Reserved>,
        signed: Vec<Result<Signature>>,
        refused: &[Refusal],
        now: UnixMillis,
    ) -> Result<usize> {
        let say = |proof: &KeyProof, e: &anyhow::Error| {
            tracing::error!("submission {}: not issued: {e:#}", proof.submission);
        };
        self.database.write(|t| {
            let refuse = |proof: &KeyProof| {
                let kiosk: Option<KioskId> = proof.kiosk.parse().ok();
                let id = Some(proof.submission);
                alarms::raise(t, AlarmKind::IssueFailed, kiosk.as_ref(), id, now)?;
                visits::set_proof_state(t, &proof.nonce, KeyProofState::Refused)
            };
            let mut put_off = 0;
            for (r, signed) in reserved.iter().zip(&signed) {
                match signed {
                    Ok(Signature::Undecided { ask_at }) => {
                        certificates::release(t, r.row)?;
                        visits::put_off(t, &r.proof.nonce, *ask_at)?;
                        put_off += 1;
                    }
                    Ok(Signature::Made {
                        signed,
                        not_before,
                        not_after,
                    }) => {
                        let issued = Issued {
                            serial: &signed.serial,
                            der: &signed.der,
                            iin: &r.order.subject.iin,
                            storage: r.order.storage,
                            not_before: *not_before,
                            not_after: *not_after,
                        };
                        certificates::issued(t, r.row, &issued)?;
                        visits::set_proof_state(t, &r.proof.nonce, KeyProofState::Issued)?;
                    }
                    Err(e) => {
                        say(&r.proof, e);
                        certificates::revoked(t, r.row, Reason::NotConfirmed, now)?;
                        refuse(&r.proof)?;
                    }
                }
            }
            for (proof, e) in refused {
                say(proof, e);
                refuse(proof)?;
            }
            Ok(put_off)
        })
    }
}

enum Signature {
    Made {
        signed: SignedCertificate,
        not_before: UnixMillis,
        not_after: UnixMillis,
    },
    Undecided {
        ask_at: UnixMillis,
    },
}

/// Results in the order of what they are of.
fn on_all_cores<T: Sync, R: Send>(items: &[T], f: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let share = items.len().div_ceil(cores).max(1);
    if items.len() <= share {
        return items.iter().map(f).collect();
    }
    std::thread::scope(|scope| {
        let threads: Vec<_> = items
            .chunks(share)
            .map(|chunk| scope.spawn(|| chunk.iter().map(&f).collect::<Vec<R>>()))
            .collect();
        let join = |t: std::thread::ScopedJoinHandle<'_, Vec<R>>| {
            t.join().unwrap_or_else(|e| std::panic::resume_unwind(e))
        };
        threads.into_iter().flat_map(join).collect()
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn results_stay_in_order() {
        for count in [0, 1, 2, 3, 7, 64] {
            let items: Vec<usize> = (0..count).collect();
            let doubled = super::on_all_cores(&items, |i| i * 2);
            assert_eq!(doubled, items.iter().map(|i| i * 2).collect::<Vec<_>>());
        }
    }
}
