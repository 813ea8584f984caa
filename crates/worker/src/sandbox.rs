//! What this process may still do once it has started.
//!
//! Three walls: limits of the process, Landlock for the file system, seccomp for
//! system calls. Landlock is best effort (an older kernel has less of it, and says
//! so); without seccomp the worker does not start.

use std::collections::BTreeMap;

use anyhow::Context;
use landlock::{
    ABI, Access, AccessFs, AccessNet, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetStatus, Scope,
};
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};
use worker::message::Sandbox;
use worker::token::TokenPlace;

/// What a process may reach beside the kiosk's socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Files come open with the request.
    Nothing,
    /// pcscd.
    CardService,
    /// The tty that was opened before.
    Tty,
    /// Whatever a maker's closed module wants: nobody can list that. It runs in a
    /// process of its own and may not do what only an intruder would.
    Module,
}

impl Reach {
    pub fn of(place: &TokenPlace) -> Reach {
        match place {
            TokenPlace::Pcsc { .. } => Reach::CardService,
            TokenPlace::Serial { .. } => Reach::Tty,
            TokenPlace::Modules { .. } => Reach::Module,
        }
    }
}

/// Where pcscd listens.
const PCSCD_FOLDER: &str = "/run/pcscd";

/// The largest picture decoded, its coefficients and the result, with room to spare.
const MEMORY_BYTES: u64 = 1536 * 1024 * 1024;
const OPEN_FILES: u64 = 64;

/// No core files, no reading of this memory by others, limits on what it can use up.
pub fn harden_process() -> anyhow::Result<()> {
    let limit = |resource, value| {
        let both = Some(value);
        setrlimit(
            resource,
            Rlimit {
                current: both,
                maximum: both,
            },
        )
    };
    limit(Resource::Core, 0)?;
    limit(Resource::As, MEMORY_BYTES)?;
    limit(Resource::Nofile, OPEN_FILES)?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    rustix::thread::set_no_new_privs(true)?;
    Ok(())
}

/// For this thread and those it makes.
pub fn restrict_files(reach: Reach) -> anyhow::Result<Sandbox> {
    if reach == Reach::Module {
        return Ok(Sandbox::SeccompOnly);
    }
    let abi = ABI::V10;
    let ruleset = Ruleset::default()
        .handle_access(AccessFs::from_all(abi))?
        .handle_access(AccessNet::from_all(abi))?
        .scope(Scope::from_all(abi))?
        .create()?;
    let ruleset = match (reach, PathFd::new(PCSCD_FOLDER)) {
        (Reach::CardService, Ok(folder)) => {
            let access = AccessFs::ResolveUnix | AccessFs::ReadDir;
            ruleset.add_rule(PathBeneath::new(folder, access))?
        }
        _ => ruleset,
    };
    let sandbox = match ruleset.restrict_self()?.ruleset {
        RulesetStatus::FullyEnforced => Sandbox::Full,
        RulesetStatus::PartiallyEnforced => Sandbox::Partial,
        RulesetStatus::NotEnforced => Sandbox::SeccompOnly,
    };
    if sandbox != Sandbox::Full {
        tracing::info!(?sandbox, "this kernel has less of Landlock than asked for");
    }
    Ok(sandbox)
}

/// For every thread of the process. None can be made afterwards.
pub fn close(reach: Reach) -> anyhow::Result<()> {
    for filter in filters(reach)? {
        seccompiler::apply_filter_all_threads(&filter)?;
    }
    Ok(())
}

/// The first kills for what only an intruder would try; the second lets through what
/// the process needs and answers everything else with "not permitted".
fn filters(reach: Reach) -> anyhow::Result<Vec<BpfProgram>> {
    let architecture = std::env::consts::ARCH.try_into()?;
    let deadly = DEADLY.iter().map(|&call| (call, vec![])).collect();
    let compile = |rules, mismatch, matched| -> anyhow::Result<BpfProgram> {
        SeccompFilter::new(rules, mismatch, matched, architecture)?
            .try_into()
            .context("seccomp filter")
    };
    let mut filters = vec![compile(
        deadly,
        SeccompAction::Allow,
        SeccompAction::KillProcess,
    )?];
    if reach != Reach::Module {
        filters.push(compile(
            allowed(reach)?,
            SeccompAction::Errno(libc::EPERM as u32),
            SeccompAction::Allow,
        )?);
    }
    Ok(filters)
}

const DEADLY: &[i64] = &[
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_bpf,
    libc::SYS_mount,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_kexec_load,
    libc::SYS_io_uring_setup,
    libc::SYS_userfaultfd,
    libc::SYS_perf_event_open,
    libc::SYS_keyctl,
];

const FOR_BOTH: &[i64] = &[
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_pread64,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_recvmsg,
    libc::SYS_recvfrom,
    libc::SYS_sendmsg,
    libc::SYS_sendto,
    libc::SYS_close,
    libc::SYS_lseek,
    libc::SYS_fstat,
    libc::SYS_statx,
    libc::SYS_newfstatat,
    libc::SYS_ppoll,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_futex,
    libc::SYS_sched_yield,
    libc::SYS_getrandom,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_restart_syscall,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_tgkill,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// What pcsc-lite's client does besides.
const FOR_CARDS: &[i64] = &[
    libc::SYS_connect,
    libc::SYS_pselect6,
    libc::SYS_fcntl,
    libc::SYS_shutdown,
    libc::SYS_getsockopt,
    libc::SYS_setsockopt,
    libc::SYS_faccessat,
];

/// Line settings, modem lines and bytes that wait: all of it ioctl(2).
const FOR_A_TTY: &[i64] = &[libc::SYS_ioctl, libc::SYS_fcntl, libc::SYS_pselect6];

/// Older calls that only this architecture still has and its C library still uses.
#[cfg(target_arch = "x86_64")]
const OLD_FOR_CARDS: &[i64] = &[
    libc::SYS_poll,
    libc::SYS_select,
    libc::SYS_stat,
    libc::SYS_access,
];
#[cfg(not(target_arch = "x86_64"))]
const OLD_FOR_CARDS: &[i64] = &[];

#[cfg(target_arch = "x86_64")]
const OLD_FOR_BOTH: &[i64] = &[libc::SYS_poll];
#[cfg(not(target_arch = "x86_64"))]
const OLD_FOR_BOTH: &[i64] = &[];

fn allowed(reach: Reach) -> anyhow::Result<BTreeMap<i64, Vec<SeccompRule>>> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
    let mut allow = |calls: &[i64]| rules.extend(calls.iter().map(|&call| (call, vec![])));
    allow(FOR_BOTH);
    allow(OLD_FOR_BOTH);
    if reach == Reach::Tty {
        allow(FOR_A_TTY);
    }
    if reach == Reach::CardService {
        allow(FOR_CARDS);
        allow(OLD_FOR_CARDS);
        let local = condition(0, SeccompCmpOp::Eq, libc::AF_UNIX as u64)?;
        rules.insert(libc::SYS_socket, vec![SeccompRule::new(vec![local])?]);
    }
    // Memory, but never memory that can be run.
    let not_executable = || {
        let mask = SeccompCmpOp::MaskedEq(libc::PROT_EXEC as u64);
        Ok::<_, anyhow::Error>(SeccompRule::new(vec![condition(2, mask, 0)?])?)
    };
    rules.insert(libc::SYS_mmap, vec![not_executable()?]);
    rules.insert(libc::SYS_mprotect, vec![not_executable()?]);
    Ok(rules)
}

fn condition(argument: u8, operator: SeccompCmpOp, value: u64) -> anyhow::Result<SeccompCondition> {
    Ok(SeccompCondition::new(
        argument,
        SeccompCmpArgLen::Dword,
        operator,
        value,
    )?)
}

#[cfg(test)]
mod tests;
