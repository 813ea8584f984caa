//! A statement and the ECDSA P-256 signature over its exact bytes.

use std::marker::PhantomData;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use p256::ecdsa::signature::{Signer, Verifier};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub use p256::ecdsa::{SigningKey, VerifyingKey};

#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    #[error("the signature is not base64 of an ECDSA P-256 signature")]
    Malformed,
    #[error("the signature does not match: altered, or signed by another key")]
    Wrong,
    #[error("the signed statement is not what was expected: {0}")]
    Statement(#[from] serde_json::Error),
}

/// What is signed is a domain line and the statement's text, byte for byte, so
/// that a signature over one kind of statement never passes for another.
pub trait Statement: Serialize + DeserializeOwned {
    /// e.g. `qoltanba manifest v1`
    const DOMAIN: &'static str;
}

/// `T` as the signer wrote it. Keep this, not `T`: re-serialising may change bytes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Signed<T> {
    /// JSON text of the statement.
    statement: String,
    /// ASN.1 DER signature, base64.
    signature: String,
    #[serde(skip)]
    kind: PhantomData<fn() -> T>,
}

/// The statement may name a person.
impl<T> std::fmt::Debug for Signed<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signed(..)")
    }
}

impl<T: Statement> Signed<T> {
    pub fn new(statement: &T, key: &SigningKey) -> Self {
        let text = serde_json::to_string(statement).expect("statements are plain data");
        let signature: p256::ecdsa::Signature = key.sign(&Self::signed_bytes(&text));
        Self {
            statement: text,
            signature: BASE64.encode(signature.to_der().as_bytes()),
            kind: PhantomData,
        }
    }

    /// For a key that stays in its hardware: `sign` is given the bytes and returns the
    /// ECDSA P-256 signature over their SHA-256 (ASN.1 DER).
    ///
    /// # Errors
    /// The signer's.
    pub fn sign_with<E>(
        statement: &T,
        sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
    ) -> Result<Self, E> {
        let text = serde_json::to_string(statement).expect("statements are plain data");
        let signature = sign(&Self::signed_bytes(&text))?;
        Ok(Self {
            statement: text,
            signature: BASE64.encode(signature),
            kind: PhantomData,
        })
    }

    /// The statement, when `key` signed it.
    ///
    /// # Errors
    /// A malformed or wrong signature, or a statement of another shape.
    pub fn verify(&self, key: &VerifyingKey) -> Result<T, SignatureError> {
        let der = BASE64
            .decode(&self.signature)
            .map_err(|_| SignatureError::Malformed)?;
        let signature =
            p256::ecdsa::Signature::from_der(&der).map_err(|_| SignatureError::Malformed)?;
        key.verify(&Self::signed_bytes(&self.statement), &signature)
            .map_err(|_| SignatureError::Wrong)?;
        Ok(serde_json::from_str(&self.statement)?)
    }

    /// The statement without a check: for the one who already verified it, or to
    /// find out whose key to verify with.
    ///
    /// # Errors
    /// A statement of another shape.
    pub fn read_unverified(&self) -> Result<T, SignatureError> {
        Ok(serde_json::from_str(&self.statement)?)
    }

    /// SHA-256 over statement and signature: names exactly this signed thing.
    pub fn digest(&self) -> crate::Digest {
        crate::Digest::of(format!("{}\n{}", self.statement, self.signature).as_bytes())
    }

    fn signed_bytes(text: &str) -> Vec<u8> {
        [T::DOMAIN.as_bytes(), b"\n", text.as_bytes()].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct A {
        n: u32,
    }
    impl Statement for A {
        const DOMAIN: &'static str = "test a";
    }
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct B {
        n: u32,
    }
    impl Statement for B {
        const DOMAIN: &'static str = "test b";
    }

    #[test]
    fn altered_or_moved_statements_fail() {
        let key = SigningKey::from_slice(&[7; 32]).unwrap();
        let other = SigningKey::from_slice(&[8; 32]).unwrap();
        let signed = Signed::new(&A { n: 1 }, &key);
        assert_eq!(signed.verify(key.verifying_key()).unwrap(), A { n: 1 });
        assert!(matches!(
            signed.verify(other.verifying_key()),
            Err(SignatureError::Wrong)
        ));

        let json = serde_json::to_string(&signed).unwrap();
        let altered: Signed<A> = serde_json::from_str(&json.replace(":1", ":2")).unwrap();
        assert!(matches!(
            altered.verify(key.verifying_key()),
            Err(SignatureError::Wrong)
        ));
        let moved: Signed<B> = serde_json::from_str(&json).unwrap();
        assert!(matches!(
            moved.verify(key.verifying_key()),
            Err(SignatureError::Wrong)
        ));
    }
}
