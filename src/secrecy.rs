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
