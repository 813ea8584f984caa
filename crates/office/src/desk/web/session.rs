//! Who is signed in. Sessions live in memory: a restart signs everybody out.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use exchange::Digest;

use crate::keys::random_hex;

/// Without a request for so long, the operator has left the desk.
const IDLE: Duration = Duration::from_secs(30 * 60);
/// A working day; then the password is asked for again.
const LONGEST: Duration = Duration::from_secs(12 * 60 * 60);

/// A signed-in operator.
#[derive(Clone)]
pub struct Session {
    pub operator: String,
    /// Goes into every form and must come back with it.
    pub csrf: String,
    started: Instant,
    last: Instant,
}

/// Kept by the digest of their token: what is in memory signs nobody in.
#[derive(Default)]
pub struct Sessions(Mutex<HashMap<Digest, Session>>);

impl Sessions {
    /// Starts a session and gives the token for its cookie.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn start(&self, operator: &str, now: Instant) -> Result<String> {
        let token = random_hex::<32>()?;
        let session = Session {
            operator: operator.to_owned(),
            csrf: random_hex::<32>()?,
            started: now,
            last: now,
        };
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, s| s.lives(now));
        sessions.insert(Digest::of(token.as_bytes()), session);
        Ok(token)
    }

    /// The session of this token, which counts as used now.
    pub fn of(&self, token: &str, now: Instant) -> Option<Session> {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let session = sessions.get_mut(&Digest::of(token.as_bytes()))?;
        if !session.lives(now) {
            return None;
        }
        session.last = now;
        Some(session.clone())
    }

    pub fn end(&self, token: &str) {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.remove(&Digest::of(token.as_bytes()));
    }
}

impl Session {
    fn lives(&self, now: Instant) -> bool {
        now.duration_since(self.last) < IDLE && now.duration_since(self.started) < LONGEST
    }
}

/// Whether two tokens are the same, in a time that does not tell where they differ.
pub fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && openssl::memcmp::eq(a.as_bytes(), b.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_by_sign_out_idleness_or_the_day() {
        let sessions = Sessions::default();
        let now = Instant::now();
        let minutes = |n: u64| now + Duration::from_secs(n * 60);
        let token = sessions.start("aigul", now).unwrap();
        assert_eq!(sessions.of(&token, minutes(29)).unwrap().operator, "aigul");
        assert!(sessions.of(&token, minutes(58)).is_some(), "used at 29");
        assert!(sessions.of(&token, minutes(89)).is_none(), "idle since 58");
        assert!(sessions.of("guess", now).is_none());

        let busy = sessions.start("aigul", now).unwrap();
        for n in (20..720).step_by(20) {
            assert!(sessions.of(&busy, minutes(n)).is_some(), "{n}");
        }
        assert!(sessions.of(&busy, minutes(720)).is_none());

        let left = sessions.start("aigul", now).unwrap();
        sessions.end(&left);
        assert!(sessions.of(&left, now).is_none());
    }

    #[test]
    fn tokens_of_two_sessions_differ() {
        let sessions = Sessions::default();
        let now = Instant::now();
        let [a, b] = [0; 2].map(|_| sessions.start("aigul", now).unwrap());
        assert_ne!(a, b);
        let csrf = |token| sessions.of(token, now).unwrap().csrf;
        assert_ne!(csrf(&a), csrf(&b));
        assert!(same("ab", "ab") && !same("ab", "ac") && !same("ab", "abc"));
    }
}
