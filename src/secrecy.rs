//! What this process does so that nothing of a citizen outlives their visit
//! outside of memory that is wiped.

/// No core dumps, and no other process of this user may read this one's memory.
///
/// # Errors
/// The system refuses.
pub fn no_core_dumps() -> std::io::Result<()> {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
    setrlimit(
        Resource::Core,
        Rlimit {
            current: Some(0),
            maximum: Some(0),
        },
    )?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(())
}

/// Deeper than any work of this kiosk's threads reaches; they have 2 MiB.
const STACK_BYTES: usize = 256 << 10;

/// Wipes what ended calls left on this thread's stack: pieces of what they worked
/// on stay there until other calls happen to reach as deep. To be called where
/// little is on the stack.
#[inline(never)]
pub fn wipe_stack() {
    let mut below = [0_u8; STACK_BYTES];
    // Read by nobody, yet written.
    std::hint::black_box(&mut below);
}
