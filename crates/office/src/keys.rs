//! Key files: written once, for their user alone.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use age::secrecy::ExposeSecret;
use anyhow::{Context, Result, anyhow};
use exchange::{SigningKey, VerifyingKey};
use p256::pkcs8::{
    DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, LineEnding,
};
use zeroize::Zeroizing;

/// Writes a new file with mode 0600 and makes it durable; an existing one is an error.
pub fn write_secret(path: &Path, bytes: &[u8]) -> Result<()> {
    write(path, bytes, 0o600)
}

/// The same with mode 0644.
pub fn write_public(path: &Path, bytes: &[u8]) -> Result<()> {
    write(path, bytes, 0o644)
}

fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let attempt = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    attempt().with_context(|| format!("writing {}", path.display()))
}

pub fn read_secret(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    let bytes = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    Ok(Zeroizing::new(bytes))
}

pub fn read_text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
}

/// A new P-256 key, from the system's randomness.
pub fn generate_signing_key() -> Result<SigningKey> {
    // A scalar is out of range about once in 2^32 tries.
    loop {
        let mut bytes = Zeroizing::new([0u8; 32]);
        getrandom::fill(&mut *bytes).map_err(|e| anyhow!("no randomness: {e}"))?;
        if let Ok(key) = SigningKey::from_slice(&*bytes) {
            return Ok(key);
        }
    }
}

/// Makes a key and writes both halves (PKCS#8 and SubjectPublicKeyInfo, PEM).
pub fn make_signing_key(secret: &Path, public: &Path) -> Result<()> {
    let key = generate_signing_key()?;
    let pem = key.to_pkcs8_pem(LineEnding::LF)?;
    write_secret(secret, pem.as_bytes())?;
    write_public(public, public_pem(key.verifying_key())?.as_bytes())
}

pub fn public_pem(key: &VerifyingKey) -> Result<String> {
    Ok(key.to_public_key_pem(LineEnding::LF)?)
}

pub fn load_signing_key(path: &Path) -> Result<SigningKey> {
    let bytes = read_secret(path)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| anyhow!("{}: no PEM", path.display()))?;
    SigningKey::from_pkcs8_pem(text).map_err(|e| anyhow!("{}: {e}", path.display()))
}

pub fn load_verifying_key(path: &Path) -> Result<VerifyingKey> {
    verifying_key(&read_text(path)?).with_context(|| format!("reading {}", path.display()))
}

pub fn verifying_key(pem: &str) -> Result<VerifyingKey> {
    VerifyingKey::from_public_key_pem(pem).map_err(|e| anyhow!("not a P-256 public key: {e}"))
}

/// Makes an age identity, writes it, and gives its recipient.
pub fn make_identity(path: &Path) -> Result<String> {
    let identity = age::x25519::Identity::generate();
    let text = identity.to_string();
    write_secret(path, format!("{}\n", text.expose_secret()).as_bytes())?;
    Ok(identity.to_public().to_string())
}

pub fn load_identity(path: &Path) -> Result<age::x25519::Identity> {
    let bytes = read_secret(path)?;
    std::str::from_utf8(&bytes)
        .ok()
        .and_then(|t| t.trim().parse().ok())
        .ok_or_else(|| anyhow!("{}: not an age identity", path.display()))
}

/// `N` random bytes as hex.
pub fn random_hex<const N: usize>() -> Result<String> {
    Ok(hex::encode(random::<N>()?))
}

/// `N` random bytes.
pub fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0u8; N];
    getrandom::fill(&mut bytes).map_err(|e| anyhow!("no randomness: {e}"))?;
    Ok(bytes)
}
