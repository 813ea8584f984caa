//! The authority of this office, whose revocation list lies in `public/`.

use std::path::Path;

use anyhow::{Context, Result};
use der::pem::LineEnding;
use exchange::UnixMillis;

use super::{CertificateAuthority, Issuance, NotRevoked, SignedCertificate};
use crate::{
    authority::{Authority, Reason, Responder, RevocationList},
    db::certificates::Certificate,
    layout::Layout,
    order::IssueOrder,
    whole_file,
};

pub struct BuiltIn {
    authority: Authority,
    layout: Layout,
}

impl BuiltIn {
    pub fn new(authority: Authority, layout: &Layout) -> Self {
        Self {
            authority,
            layout: layout.clone(),
        }
    }
}

impl CertificateAuthority for BuiltIn {
    fn issue(&self, order: &IssueOrder, now: UnixMillis) -> Result<Issuance> {
        let subject = keystore::Subject {
            holder: &order.subject.name,
            iin: &order.subject.iin,
            email: &order.subject.email,
        };
        let request = order.csr_der();
        let issued = self
            .authority
            .issue(&request, subject, order.usage, order.storage, now)?;
        Ok(Issuance::Signed(SignedCertificate {
            serial: issued.serial.to_string(),
            der: issued.certificate_der,
        }))
    }

    /// The list ends it.
    fn revoke(&self, _: &Certificate, _: Reason, _: UnixMillis) -> Result<(), NotRevoked> {
        Ok(())
    }

    fn publish_revoked(&self, list: &RevocationList) -> Result<()> {
        let der = self.authority.revocation_list(list)?;
        let pem = der::pem::encode_string("X509 CRL", LineEnding::LF, &der)
            .map_err(|e| anyhow::anyhow!("encoding the revocation list: {e}"))?;
        write(&self.layout.revocation_list(), &der, 0o644)?;
        write(&self.layout.revocation_list_pem(), pem.as_bytes(), 0o644)
    }

    fn confirmed(&self, _: &str, _: UnixMillis) -> Result<()> {
        Ok(())
    }

    fn not_confirmed(&self, _: &str, _: UnixMillis) -> Result<()> {
        Ok(())
    }

    /// A responder's key is replaced long before it ends; one that was lost or is
    /// another authority's, at once.
    fn upkeep(&self, now: UnixMillis) -> Result<()> {
        let path = self.layout.responder();
        let issuer = self.authority.certificate();
        let fresh = std::fs::read_to_string(&path)
            .ok()
            .and_then(|text| Responder::from_pem(&zeroize::Zeroizing::new(text)).ok())
            .is_some_and(|r| {
                r.renew_at() > now && keystore::certificate::is_issued_by(r.certificate(), issuer)
            });
        if fresh {
            return Ok(());
        }
        std::fs::create_dir_all(self.layout.status())?;
        let made = self.authority.responder(now)?.to_pem()?;
        write(&path, made.as_bytes(), 0o640)
    }
}

fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    whole_file::replace(path, bytes, mode).with_context(|| format!("writing {}", path.display()))
}
