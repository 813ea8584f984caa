//! For crash tests: this process kills itself at a named boundary of the queue.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use outbox::Boundary;

/// What the queue calls at each completed step.
pub(super) type Hook = Arc<dyn Fn(Boundary) + Send + Sync>;

/// `QOLTANBA_KILL_AT=<boundary>[:<n>]`: SIGKILL at the n-th time this boundary is
/// passed. Only where devices can be simulated too.
pub(super) fn hook() -> Option<Hook> {
    if !cfg!(feature = "simulated") {
        return None;
    }
    let wanted = std::env::var("QOLTANBA_KILL_AT").ok()?;
    let (name, count) = wanted.split_once(':').unwrap_or((&wanted, "1"));
    let (at, left) = match (name.parse::<Boundary>(), count.parse::<u32>()) {
        (Ok(at), Ok(count)) => (at, AtomicU32::new(count)),
        _ => {
            tracing::error!("QOLTANBA_KILL_AT is no boundary");
            return None;
        }
    };
    Some(Arc::new(move |passed| {
        if passed == at && left.fetch_sub(1, Ordering::SeqCst) == 1 {
            let _ = rustix::process::kill_process(
                rustix::process::getpid(),
                rustix::process::Signal::KILL,
            );
        }
    }))
}
