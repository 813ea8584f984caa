//! "Try your signature": what a person may see at once of a key that was installed.

use exchange::{KeyAlgorithm, Secret, UnixMillis};
use x509_cert::Certificate;
use zeroize::Zeroizing;

use crate::{
    KeyId, KeyStorage, StorageError,
    certificate::{Chain, is_issued_by},
};

/// A sample text signed and verified. No `Debug`: it names a person.
pub struct SignatureTrial {
    /// commonName of the subject.
    pub subject: Zeroizing<String>,
    pub algorithm: KeyAlgorithm,
    pub valid_from: UnixMillis,
    pub valid_until: UnixMillis,
    /// DER or PKCS#1, as [`KeyStorage::sign`] gives it.
    pub signature: Vec<u8>,
    /// The signature fits the certificate, and each certificate of the chain is
    /// issued by the next up to a root that was given.
    pub ok: bool,
}

impl SignatureTrial {
    /// Whether the certificate is valid at a moment.
    pub fn is_valid_at(&self, now: UnixMillis) -> bool {
        (self.valid_from..=self.valid_until).contains(&now)
    }
}

/// Signs a sample text with a key that has its certificate and verifies it against
/// the chain that is installed. `roots`: which root certificates are believed, and
/// issuers that the storage has no room for.
///
/// # Errors
/// [`StorageError::NoKey`] while only a placeholder lies beside the key.
pub fn try_signature(
    storage: &mut dyn KeyStorage,
    key: &KeyId,
    secret: &Secret,
    text: &str,
    roots: &[Certificate],
) -> Result<SignatureTrial, StorageError> {
    let stored = storage.read_back(key, secret)?;
    let chain = stored.chain.ok_or(StorageError::NoKey)?;
    let signature = storage.sign(key, secret, text.as_bytes())?;
    let own = chain.certificate().tbs_certificate();
    let subject = own
        .subject()
        .common_name()
        .ok()
        .flatten()
        .map(|name| name.value().into_owned())
        .unwrap_or_default();
    let millis = |time: x509_cert::time::Time| {
        let millis = i64::try_from(time.to_unix_duration().as_millis());
        UnixMillis(millis.unwrap_or(i64::MAX))
    };
    let is_signed = chain.key().verifies(text.as_bytes(), &signature);
    Ok(SignatureTrial {
        subject: Zeroizing::new(subject),
        algorithm: chain.key().algorithm(),
        valid_from: millis(own.validity().not_before),
        valid_until: millis(own.validity().not_after),
        signature,
        ok: is_signed && leads_to(&chain, roots),
    })
}

/// From the last certificate that is installed to one that is believed and signed
/// by itself.
fn leads_to(chain: &Chain, roots: &[Certificate]) -> bool {
    let mut last = chain.certificates().last();
    // Each given certificate is passed at most once.
    for _ in 0..=roots.len() {
        let Some(certificate) = last else {
            return false;
        };
        if is_issued_by(certificate, certificate) {
            return roots.contains(certificate);
        }
        last = roots.iter().find(|root| is_issued_by(certificate, root));
    }
    false
}
