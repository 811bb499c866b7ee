//! How a cell takes away its own rights: resource limits, landlock against files, seccomp against system calls.

use crate::cell::settings::{Sandbox, SandboxState};
use crate::cell::wire::Hello;
use landlock::{ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetStatus, Scope};
use rustix::process::{DumpableBehavior, Resource, Rlimit, Signal};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, TargetArch,
};
use std::collections::BTreeMap;
use std::io;

/// Ties the cell's life to its parent's, takes away privileges, core dumps and written files, and limits CPU time.
///
/// New descriptors and memory are limited by [`limit_growth`], once landlock and the threads have theirs.
pub(super) fn limit_resources(hello: &Hello) -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    rustix::thread::set_no_new_privs(true)?;
    limit_to(Resource::Core, 0, 0)?;
    limit_to(Resource::Fsize, 0, 0)?;
    limit_to(Resource::Cpu, hello.cpu_s_first, hello.cpu_s_max)
}

/// No descriptor beside those that are open, and no more address space than what was in use plus the given bytes.
pub(super) fn limit_growth(in_use_bytes: u64, more_bytes: u64) -> io::Result<()> {
    limit_to(Resource::Nofile, 0, 0)?;
    let limit = in_use_bytes.saturating_add(more_bytes);
    limit_to(Resource::As, limit, limit)
}

/// A lower hard limit that stands already stays.
fn limit_to(resource: Resource, soft: u64, hard: u64) -> io::Result<()> {
    let hard = rustix::process::getrlimit(resource).maximum.map_or(hard, |present| present.min(hard));
    let new = Rlimit { current: Some(soft.min(hard)), maximum: Some(hard) };
    Ok(rustix::process::setrlimit(resource, new)?)
}

/// Bytes of address space that this process holds, from `/proc`; call before files are denied.
pub(super) fn address_space_bytes() -> io::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmSize:")?.trim().strip_suffix("kB")?.trim().parse::<u64>().ok())
        .map(|kilobytes| kilobytes * 1024)
        .ok_or_else(|| io::Error::other("no VmSize in /proc/self/status"))
}

/// Denies every file, TCP port, abstract socket and foreign signal to this thread and those it starts; the error says what is missing.
pub(super) fn deny_files() -> Result<(), String> {
    let ruleset = || {
        Ruleset::default()
            .handle_access(AccessFs::from_all(ABI::V5))?
            .handle_access(AccessNet::from_all(ABI::V5))?
            .scope(Scope::from_all(ABI::V6))?
            .create()?
            .restrict_self()
    };
    match ruleset() {
        Ok(status) if status.ruleset != RulesetStatus::NotEnforced => Ok(()),
        Ok(_) => Err("landlock is not offered by this kernel".to_owned()),
        Err(error) => Err(format!("landlock failed: {error}")),
    }
}

/// Denies every system call but those that computing needs, to all threads; the error says what is missing.
pub(super) fn deny_calls() -> Result<(), String> {
    let install = || -> Result<(), Box<dyn std::error::Error>> {
        // Of two filters the sterner verdict holds, so "refused" over "allowed" over "killed" needs both.
        seccompiler::apply_filter_all_threads(&refusing()?)?;
        seccompiler::apply_filter_all_threads(&killing()?)?;
        Ok(())
    };
    install().map_err(|error| format!("seccomp failed: {error}"))
}

/// Refuses with `EPERM` what a library may try in good faith, for example looking for a time-zone file.
fn refusing() -> Result<BpfProgram, Box<dyn std::error::Error>> {
    let rules = REFUSED.iter().map(|call| (*call, Vec::new())).collect();
    filter(rules, SeccompAction::Allow, SeccompAction::Errno(libc::EPERM as u32))
}

/// Kills the process at whatever is neither computing nor refused above: sockets, processes, tracing, executable memory.
fn killing() -> Result<BpfProgram, Box<dyn std::error::Error>> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        ALLOWED.iter().chain(REFUSED).map(|call| (*call, Vec::new())).collect();
    for call in [libc::SYS_mmap, libc::SYS_mprotect] {
        let exec = u64::from(libc::PROT_EXEC.unsigned_abs());
        let not_executable = SeccompCondition::new(2, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(exec), 0)?;
        rules.insert(call, vec![SeccompRule::new(vec![not_executable])?]);
    }
    filter(rules, SeccompAction::KillProcess, SeccompAction::Allow)
}

fn filter(
    rules: BTreeMap<i64, Vec<SeccompRule>>,
    otherwise: SeccompAction,
    on_match: SeccompAction,
) -> Result<BpfProgram, Box<dyn std::error::Error>> {
    let arch: TargetArch = std::env::consts::ARCH.try_into()?;
    Ok(SeccompFilter::new(rules, otherwise, on_match, arch)?.try_into()?)
}

/// What computing and speaking over open pipes needs, beside `mmap` and `mprotect` without execution.
const ALLOWED: &[i64] = &[
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_close,
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_futex,
    libc::SYS_sched_yield,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_gettimeofday,
    libc::SYS_getrandom,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_sigaltstack,
    libc::SYS_rt_sigreturn,
    libc::SYS_rt_sigprocmask,
    libc::SYS_restart_syscall,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// What is answered with `EPERM`.
const REFUSED: &[i64] = &[
    libc::SYS_openat,
    libc::SYS_openat2,
    libc::SYS_newfstatat,
    libc::SYS_fstat,
    libc::SYS_statx,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_readlinkat,
    libc::SYS_getdents64,
    libc::SYS_getcwd,
    libc::SYS_lseek,
    libc::SYS_fcntl,
    libc::SYS_ioctl,
    libc::SYS_uname,
    libc::SYS_sysinfo,
    libc::SYS_sched_getaffinity,
    libc::SYS_prlimit64,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_open,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_stat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_lstat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_access,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_readlink,
];

/// Whether a cell with this confinement may work, and what it then says of itself.
pub(super) fn verdict(
    files: Result<(), String>,
    calls: Result<(), String>,
    wanted: Sandbox,
) -> Result<SandboxState, String> {
    let missing: Vec<String> = [files, calls].into_iter().filter_map(Result::err).collect();
    match (missing.is_empty(), wanted) {
        (true, _) => Ok(SandboxState::Full),
        (false, Sandbox::Reduced) => Ok(SandboxState::Reduced(missing.join("; "))),
        (false, Sandbox::Full) => Err(missing.join("; ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_wall_is_fatal_unless_the_settings_say_reduced() {
        let missing = || Err("landlock is not offered by this kernel".to_owned());
        for (files, calls) in [(missing(), Ok(())), (Ok(()), missing()), (missing(), missing())] {
            assert!(verdict(files.clone(), calls.clone(), Sandbox::Full).is_err());
            assert!(
                matches!(verdict(files, calls, Sandbox::Reduced), Ok(SandboxState::Reduced(why)) if why.contains("landlock"))
            );
        }
        for wanted in [Sandbox::Full, Sandbox::Reduced] {
            assert_eq!(verdict(Ok(()), Ok(()), wanted), Ok(SandboxState::Full));
        }
    }

    #[test]
    fn the_filters_compile_and_no_call_is_both_allowed_and_refused() {
        assert!(refusing().is_ok() && killing().is_ok());
        assert!(ALLOWED.iter().all(|call| !REFUSED.contains(call)));
        for never in
            [libc::SYS_socket, libc::SYS_connect, libc::SYS_clone, libc::SYS_clone3, libc::SYS_execve, libc::SYS_ptrace]
        {
            assert!(!ALLOWED.contains(&never) && !REFUSED.contains(&never));
        }
    }
}
