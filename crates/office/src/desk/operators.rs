//! Operators of the desk and their passwords (argon2id).

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use argon2::{
    Argon2,
    password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString},
};
use exchange::Secret;
use serde::{Deserialize, Serialize};

use crate::keys;

#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Operators {
    #[serde(default, rename = "operator")]
    all: Vec<Operator>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Operator {
    name: String,
    /// PHC string.
    password: String,
}

impl Operators {
    /// None when the file is absent.
    pub fn load(path: &Path) -> Result<Self> {
        if !path.exists() {
            return Ok(Self::default());
        }
        let text = keys::read_text(path)?;
        toml::from_str(&text).map_err(|e| anyhow!("{}: {}", path.display(), e.message()))
    }

    /// Whether this is an operator's name and password. Takes the time of a check
    /// for an unknown name too. Slow by design: call where blocking is allowed.
    pub fn check(&self, name: &str, password: &Secret) -> bool {
        let found = self.all.iter().find(|o| o.name == name);
        let stored = found.or(self.all.first());
        let right = stored.is_some_and(|o| {
            PasswordHash::new(&o.password).is_ok_and(|hash| {
                Argon2::default()
                    .verify_password(password.expose().as_bytes(), &hash)
                    .is_ok()
            })
        });
        right && found.is_some()
    }
}

/// Adds an operator or gives an existing one a new password.
///
/// # Errors
/// A name or password that cannot be, or the file cannot be written.
pub fn add_operator(path: &Path, name: &str, password: &Secret) -> Result<()> {
    let fits = (1..=40).contains(&name.chars().count())
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'));
    if !fits {
        bail!("an operator's name has 1 to 40 letters, digits, dots and hyphens");
    }
    if password.len() < 12 {
        bail!("an operator's password has at least 12 characters");
    }
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|e| anyhow!("no randomness: {e}"))?;
    let salt = SaltString::encode_b64(&salt).map_err(|e| anyhow!("salt: {e}"))?;
    let hash = Argon2::default()
        .hash_password(password.expose().as_bytes(), &salt)
        .map_err(|e| anyhow!("hashing the password: {e}"))?
        .to_string();
    let mut operators = Operators::load(path)?;
    operators.all.retain(|o| o.name != name);
    operators.all.push(Operator {
        name: name.to_owned(),
        password: hash,
    });
    let fresh = path.with_extension("new");
    let _ = std::fs::remove_file(&fresh);
    keys::write_secret(&fresh, toml::to_string(&operators)?.as_bytes())?;
    std::fs::rename(&fresh, path).with_context(|| format!("writing {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_name_and_password_together_open() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("operators.toml");
        assert!(!Operators::load(&path).unwrap().check("aigerim", &"".into()));
        add_operator(&path, "aigerim", &"long enough one".into()).unwrap();
        add_operator(&path, "daniyar", &"another long one".into()).unwrap();
        let operators = Operators::load(&path).unwrap();
        assert!(operators.check("aigerim", &"long enough one".into()));
        assert!(operators.check("daniyar", &"another long one".into()));
        assert!(!operators.check("aigerim", &"another long one".into()));
        assert!(!operators.check("nobody", &"long enough one".into()));
        assert!(add_operator(&path, "short", &"12345".into()).is_err());
        let stored = std::fs::read_to_string(&path).unwrap();
        assert!(stored.contains("argon2id") && !stored.contains("long enough"));
    }
}
