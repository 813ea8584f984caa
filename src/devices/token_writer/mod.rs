//! The slot for a citizen's token: which kind is in it, and the way to its keys.
//! What a token can do is [`keystore::Token`].

pub mod hardware;
#[cfg(feature = "simulated")]
pub mod simulated;

use exchange::StorageType;
use faults::Fault;
use keystore::Token;

/// Tells `TokenInserted` and `TokenRemoved`.
pub trait TokenWriter: Send + Sync {
    /// The kind of the token in the slot.
    fn inserted(&self) -> Option<StorageType>;

    /// One piece of work on the token in the slot; nothing else touches it meanwhile.
    /// May take many seconds: not for a thread that must not wait.
    ///
    /// # Errors
    /// `TokenMissing`. What the work itself meets is the work's to keep.
    fn with_token(&self, work: &mut dyn FnMut(&mut dyn Token)) -> Result<(), Fault>;
}
