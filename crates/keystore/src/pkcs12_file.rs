//! The bytes of a PKCS#12 file (RFC 7292): one key, its certificate, the chain.
//!
//! AES-256-CBC under PBKDF2 with HMAC-SHA-256, and a MAC with SHA-256, both with
//! 600,000 rounds. OpenSSL, Java, NSS and GnuTLS open it.

use der::{Decode, Encode};
use p12_keystore::{
    EncryptionAlgorithm, KeyStore, KeyStoreEntry, MacAlgorithm, Pkcs12Archive, PrivateKeyChain,
    error::Error as P12Error,
};
use x509_cert::Certificate;

use crate::{
    KeyId, PrivateKey, StorageError,
    certificate::{self, CertificateError, Chain},
    pkcs12_mac::{Mac, Outside},
};

/// OWASP's advice for PBKDF2 with SHA-256; 0.7 s on the reference machine.
const ROUNDS: u32 = 600_000;

/// How JKS and JCEKS files begin.
const JAVA_KEY_STORES: [[u8; 4]; 2] = [[0xFE, 0xED, 0xFE, 0xED], [0xCE, 0xCE, 0xCE, 0xCE]];

/// An opened file. The key is cleared when this is dropped.
pub struct OpenFile {
    pub key: PrivateKey,
    /// The certificate for the key and those that issued it.
    pub chain: Chain,
    pub friendly_name: Option<String>,
    pub local_key_id: Option<Vec<u8>>,
}

impl OpenFile {
    /// Takes DER, and BER as older programs write it.
    ///
    /// # Errors
    /// [`StorageError::WrongSecret`] when neither the MAC matches nor any part can be
    /// decrypted, [`StorageError::Damaged`] when the password is right and the rest is
    /// not, or when there is no key with a certificate in it,
    /// [`StorageError::JavaKeyStore`].
    pub fn decode(bytes: &[u8], password: &str) -> Result<Self, StorageError> {
        let archive = open(bytes, password)?;
        let bag = archive.keys.first().ok_or(StorageError::Damaged)?;
        let key = PrivateKey::from_pkcs8(bag.key.as_der()).map_err(|_| StorageError::Damaged)?;
        let certificates = archive
            .certs
            .iter()
            .map(|c| Certificate::from_der(c.cert.as_der()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| StorageError::Damaged)?;
        let chain = chain_for(&key, certificates).ok_or(StorageError::Damaged)?;
        Ok(Self {
            key,
            chain,
            friendly_name: bag.friendly_name.clone(),
            local_key_id: bag.local_key_id.as_ref().map(|id| id.0.clone()),
        })
    }

    pub fn id(&self) -> KeyId {
        self.key.public().id()
    }

    /// Signs something new and checks it with the key in the certificate.
    pub fn try_signature(&self) -> Result<(), StorageError> {
        let message = crate::storage::test_message()?;
        let signature = self
            .key
            .sign(&message)
            .map_err(|_| StorageError::TestFailed)?;
        if self.chain.key().verifies(&message, &signature) {
            Ok(())
        } else {
            Err(StorageError::TestFailed)
        }
    }
}

fn open(bytes: &[u8], password: &str) -> Result<Pkcs12Archive, StorageError> {
    if JAVA_KEY_STORES.iter().any(|magic| bytes.starts_with(magic)) {
        return Err(StorageError::JavaKeyStore);
    }
    // Indefinite lengths are not for the library, whose reader knows DER only.
    let is_mac_wrong = match Pkcs12Archive::from_pkcs12(bytes, password) {
        Ok(archive) => return Ok(archive),
        Err(P12Error::MacError(_)) => true,
        Err(_) => false,
    };
    let outside = Outside::read(bytes).ok_or(StorageError::Damaged)?;
    let mac = match is_mac_wrong {
        true => Mac::Wrong,
        false => outside.check(password),
    };
    match mac {
        // A changed byte makes the MAC wrong as well.
        Mac::Wrong if outside.is_damaged(password) => Err(StorageError::Damaged),
        Mac::Wrong => Err(StorageError::WrongSecret { tries_left: None }),
        Mac::Unknown => Err(StorageError::Damaged),
        Mac::Right | Mac::Absent => outside
            .without_mac()
            .and_then(|der| Pkcs12Archive::from_pkcs12(&der, password).ok())
            .ok_or(StorageError::Damaged),
    }
}

/// friendlyName is the key's identifier in hex, localKeyID its bytes.
pub fn encode(key: &PrivateKey, chain: &Chain, password: &str) -> Result<Vec<u8>, StorageError> {
    if chain.key() != key.public() {
        return Err(StorageError::ForeignCertificate);
    }
    let id = key.public().id();
    let failed = |_: P12Error| StorageError::Certificate(CertificateError::Encoding);
    let der = key.to_pkcs8().map_err(StorageError::Key)?;
    let private = p12_keystore::PrivateKey::from_der(&der).map_err(failed)?;
    let mut certificates = Vec::new();
    for certificate in chain.certificates() {
        let der = certificate
            .to_der()
            .map_err(|_| CertificateError::Encoding)?;
        certificates.push(p12_keystore::Certificate::from_der(&der).map_err(failed)?);
    }
    let entry = PrivateKeyChain::new(id.as_bytes().as_slice(), private, certificates);
    let mut store = KeyStore::new();
    store.add_entry(&id.to_string(), KeyStoreEntry::PrivateKeyChain(entry));
    store
        .writer(password)
        .encryption_algorithm(EncryptionAlgorithm::PbeWithHmacSha256AndAes256)
        .encryption_iterations(ROUNDS)
        .mac_algorithm(MacAlgorithm::HmacSha256)
        .mac_iterations(ROUNDS)
        .write()
        .map_err(failed)
}

/// The certificate for the key, then each one's issuer as far as they are there.
fn chain_for(key: &PrivateKey, mut certificates: Vec<Certificate>) -> Option<Chain> {
    let is_for_key =
        |c: &Certificate| certificate::key_of(c).is_ok_and(|found| found == *key.public());
    let mut ordered = vec![certificates.remove(certificates.iter().position(is_for_key)?)];
    while let Some(last) = ordered.last() {
        if certificate::is_issued_by(last, last) {
            break;
        }
        let Some(at) = certificates
            .iter()
            .position(|c| certificate::is_issued_by(last, c))
        else {
            break;
        };
        ordered.push(certificates.remove(at));
    }
    Chain::partial(ordered).ok()
}
