//! A renewal: everything that the old certificate and its key have to show, looked at
//! by the desk itself.

use der::Decode;
use exchange::{Digest, Manifest, RenewalForm, RenewalProof, UnixMillis};
use keystore::{Chain, PublicKey, certificate, csr::Request, profile};
use x509_cert::Certificate;

use super::{Desk, Finding, verify::Examined};
use crate::db::{
    certificates::{self, CertificateState},
    renewals,
    revocations::{self, RevocationState},
    submissions::{self, Submission},
};

impl Desk {
    /// # Errors
    /// Of this office's own: disk or database.
    pub(super) fn examine_renewal(
        &self,
        submission: &Submission,
        manifest: &Manifest,
        form: &RenewalForm,
        seen: &mut Examined,
    ) -> anyhow::Result<()> {
        let part = exchange::PartName::RenewalProof;
        let Some(plain) = self.open_part(submission, part, seen)? else {
            return Ok(());
        };
        let read = || -> Option<(RenewalProof, Old)> {
            let proof: RenewalProof = serde_json::from_slice(&plain).ok()?;
            let old = Old::read(proof.certificate())?;
            Some((proof, old))
        };
        let Some((proof, old)) = read() else {
            seen.findings.push(Finding::PartUnreadable { part });
            return Ok(());
        };
        let at = submission.received_at;
        let found = &mut seen.findings;
        if !self.is_ours(&old.certificate, at) {
            found.push(Finding::RenewalForeign);
        }
        if !is_valid_at(&old.certificate, at) {
            found.push(Finding::RenewalExpired);
        }
        if old.iin().as_deref() != Some(form.iin.expose()) {
            found.push(Finding::RenewalOtherPerson);
        } else if !old.names(form) {
            found.push(Finding::RenewalNameDiffers);
        }
        let verifies = |message: &[u8], signature: &[u8]| old.key.verifies(message, signature);
        let signed = |csr| proof.is_signed_for(submission.id, csr, verifies);
        if !manifest.csr_sha256.as_ref().is_some_and(signed) {
            found.push(Finding::RenewalUnsigned);
        }
        let new_key = seen.csr.as_ref().and_then(|der| Request::verify(der).ok());
        if new_key.is_some_and(|request| *request.key() == old.key) {
            found.push(Finding::RenewalSameKey);
        }
        self.compare_records(submission, &proof, seen)
    }

    /// What the office's own records say of the number and the old certificate.
    fn compare_records(
        &self,
        submission: &Submission,
        proof: &RenewalProof,
        seen: &mut Examined,
    ) -> anyhow::Result<()> {
        let sha256 = Digest::of(proof.certificate());
        let (given, before) = self.database.read(|c| {
            let (id, kiosk) = (submission.id, &submission.kiosk);
            let given = renewals::was_given(c, proof.nonce(), kiosk, id, submission.received_at)?;
            let Some(old) = certificates::by_sha256(c, &sha256)? else {
                return Ok((given, None));
            };
            let ending = revocations::newest(c, old.id)?;
            let applied = submissions::get(c, old.submission)?;
            Ok((given, Some((old, ending, applied))))
        })?;
        if !given {
            seen.findings.push(Finding::RenewalNonceWrong);
        }
        let Some((old, ending, applied)) = before else {
            // Signed by the authority and not recorded here, it may be revoked for all
            // that this office knows.
            if !seen.findings.contains(&Finding::RenewalForeign) {
                seen.findings.push(Finding::RenewalForeign);
            }
            return Ok(());
        };
        // Who asked for its end does not mean it to be good for this.
        let ending = ending.is_some_and(|r| {
            matches!(
                r.state,
                RevocationState::Asked
                    | RevocationState::Held
                    | RevocationState::Ordered
                    | RevocationState::Done
            )
        });
        if ending || old.state != CertificateState::Confirmed {
            seen.findings.push(Finding::RenewalRevoked);
        }
        let number = applied.and_then(|a| a.contact_phone);
        if number.is_none() || number != seen.registered {
            seen.findings.push(Finding::RenewalPhoneChanged);
        }
        Ok(())
    }

    /// Signed by the authority of this office, whose own certificates were valid then.
    fn is_ours(&self, certificate: &Certificate, at: UnixMillis) -> bool {
        let issuers = self.authority_chain.iter();
        let all = std::iter::once(certificate).chain(issuers);
        Chain::new(all.cloned().collect()).is_ok()
            && self.authority_chain.iter().all(|c| is_valid_at(c, at))
    }
}

/// The certificate that a renewal shows.
struct Old {
    certificate: Certificate,
    key: PublicKey,
}

impl Old {
    fn read(der: &[u8]) -> Option<Self> {
        let certificate = Certificate::from_der(der).ok()?;
        let key = certificate::key_of(&certificate).ok()?;
        Some(Self { certificate, key })
    }

    /// An attribute of the subject as text; none where there are two.
    fn attribute(&self, oid: const_oid::ObjectIdentifier) -> Option<String> {
        let subject = self.certificate.tbs_certificate().subject();
        let mut found = subject.iter().filter(|a| a.oid == oid);
        let (one, other) = (found.next()?, found.next());
        let text = std::str::from_utf8(one.value.value()).ok()?;
        other.is_none().then(|| text.to_owned())
    }

    fn iin(&self) -> Option<String> {
        let serial = self.attribute(profile::SERIAL_NUMBER)?;
        serial.strip_prefix("IIN").map(str::to_owned)
    }

    fn names(&self, form: &RenewalForm) -> bool {
        let subject = keystore::Subject {
            holder: &form.holder,
            iin: &form.iin,
            email: &form.email,
        };
        let named = self.certificate.tbs_certificate().subject();
        subject.name().is_ok_and(|name| name == *named)
    }
}

fn is_valid_at(certificate: &Certificate, at: UnixMillis) -> bool {
    let validity = certificate.tbs_certificate().validity();
    let at = u128::try_from(at.0).unwrap_or_default();
    validity.not_before.to_unix_duration().as_millis() <= at
        && at <= validity.not_after.to_unix_duration().as_millis()
}
