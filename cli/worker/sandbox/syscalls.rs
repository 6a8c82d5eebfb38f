//! seccomp: which system calls may be made.
//!
//! A library gets a list of what is allowed: more while it is loaded (opening files for reading, executable memory), less
//! afterwards. A program, whose interpreter may need anything, gets a list of what is not. What is refused fails with
//! EPERM; `clone3` with ENOSYS, since its flags cannot be seen and the C library then takes `clone`.

use std::collections::BTreeMap;
use std::io;

use libc as c;
use seccompiler::SeccompCmpArgLen::{Dword, Qword};
use seccompiler::SeccompCmpOp::{Eq, MaskedEq};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch, apply_filter,
};

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// A condition on an argument: which, how wide, how it compares, with what.
type Condition = (u8, SeccompCmpArgLen, SeccompCmpOp, u64);

fn always(rules: &mut Rules, calls: &[c::c_long]) {
    rules.extend(calls.iter().map(|&call| (call, Vec::new())));
}

fn when(rules: &mut Rules, call: c::c_long, conditions: &[Condition]) -> io::Result<()> {
    let condition = |(at, width, op, value): &Condition| {
        SeccompCondition::new(*at, width.clone(), op.clone(), *value).map_err(io::Error::other)
    };
    let conditions = conditions.iter().map(condition).collect::<io::Result<_>>()?;
    rules.entry(call).or_default().push(SeccompRule::new(conditions).map_err(io::Error::other)?);
    Ok(())
}

fn install(rules: Rules, otherwise: SeccompAction, then: SeccompAction) -> io::Result<()> {
    if !are_offered() {
        return Ok(());
    }
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(io::Error::other)?;
    let filter = SeccompFilter::new(rules, otherwise, then, arch).map_err(io::Error::other)?;
    let program: BpfProgram = filter.try_into().map_err(io::Error::other)?;
    apply_filter(&program).map_err(io::Error::other)
}

fn allow(rules: Rules) -> io::Result<()> {
    install(rules, SeccompAction::Errno(c::EPERM as u32), SeccompAction::Allow)
}

/// The filter that makes the C library start threads in a way that can be seen.
fn no_clone3() -> io::Result<()> {
    let mut rules = Rules::new();
    always(&mut rules, &[c::SYS_clone3]);
    install(rules, SeccompAction::Allow, SeccompAction::Errno(c::ENOSYS as u32))
}

/// Whether this kernel has seccomp with filters, and we know its calls.
pub fn are_offered() -> bool {
    // SAFETY: asks whether an action is known; the pointer is to one.
    let known = unsafe { c::syscall(c::SYS_seccomp, c::SECCOMP_GET_ACTION_AVAIL, 0, &c::SECCOMP_RET_ALLOW) };
    known == 0 && TargetArch::try_from(std::env::consts::ARCH).is_ok()
}

/// What any library needs: memory, threads, clocks, and the descriptors that it has.
fn working() -> io::Result<Rules> {
    let mut rules = Rules::new();
    always(
        &mut rules,
        &[
            c::SYS_read,
            c::SYS_readv,
            c::SYS_pread64,
            c::SYS_preadv,
            c::SYS_write,
            c::SYS_writev,
            c::SYS_pwrite64,
            c::SYS_lseek,
            c::SYS_close,
            c::SYS_close_range,
            c::SYS_fstat,
            c::SYS_dup,
            c::SYS_dup3,
            c::SYS_pipe2,
            c::SYS_eventfd2,
            c::SYS_epoll_create1,
            c::SYS_epoll_ctl,
            c::SYS_epoll_pwait,
            c::SYS_ppoll,
            c::SYS_pselect6,
            c::SYS_munmap,
            c::SYS_mremap,
            c::SYS_madvise,
            c::SYS_brk,
            c::SYS_membarrier,
            c::SYS_futex,
            c::SYS_rseq,
            c::SYS_set_robust_list,
            c::SYS_get_robust_list,
            c::SYS_set_tid_address,
            c::SYS_sched_yield,
            c::SYS_sched_getaffinity,
            c::SYS_clock_gettime,
            c::SYS_clock_getres,
            c::SYS_clock_nanosleep,
            c::SYS_nanosleep,
            c::SYS_gettimeofday,
            c::SYS_times,
            c::SYS_getrusage,
            c::SYS_getrandom,
            c::SYS_getpid,
            c::SYS_gettid,
            c::SYS_getppid,
            c::SYS_getuid,
            c::SYS_geteuid,
            c::SYS_getgid,
            c::SYS_getegid,
            c::SYS_uname,
            c::SYS_sysinfo,
            c::SYS_rt_sigaction,
            c::SYS_rt_sigprocmask,
            c::SYS_rt_sigreturn,
            c::SYS_rt_sigtimedwait,
            c::SYS_sigaltstack,
            c::SYS_restart_syscall,
            c::SYS_exit,
            c::SYS_exit_group,
            c::SYS_clone3,
        ],
    );
    #[cfg(target_arch = "x86_64")]
    always(
        &mut rules,
        &[c::SYS_poll, c::SYS_select, c::SYS_dup2, c::SYS_pipe, c::SYS_epoll_wait, c::SYS_time, c::SYS_arch_prctl],
    );
    // Signals to itself alone: abort().
    when(&mut rules, c::SYS_tgkill, &[(0, Dword, Eq, u64::from(std::process::id()))])?;
    // Threads, but no processes.
    let thread = c::CLONE_THREAD as u64;
    when(&mut rules, c::SYS_clone, &[(0, Qword, MaskedEq(thread), thread)])?;
    // Asking for limits, not setting them.
    when(&mut rules, c::SYS_prlimit64, &[(2, Qword, Eq, 0)])?;
    // isatty(), and the flags of descriptors.
    when(&mut rules, c::SYS_ioctl, &[(1, Dword, Eq, c::TCGETS)])?;
    for command in [c::F_GETFD, c::F_SETFD, c::F_GETFL, c::F_DUPFD, c::F_DUPFD_CLOEXEC] {
        when(&mut rules, c::SYS_fcntl, &[(1, Dword, Eq, command as u64)])?;
    }
    // Names of threads, and of memory.
    for option in [c::PR_SET_NAME, 0x5356_4d41] {
        when(&mut rules, c::SYS_prctl, &[(0, Dword, Eq, option as u64)])?;
    }
    // No executable memory.
    for call in [c::SYS_mmap, c::SYS_mprotect] {
        when(&mut rules, call, &[(2, Dword, MaskedEq(c::PROT_EXEC as u64), 0)])?;
    }
    // fstat() by another name: only without a path.
    when(&mut rules, c::SYS_newfstatat, &[(3, Dword, MaskedEq(c::AT_EMPTY_PATH as u64), c::AT_EMPTY_PATH as u64)])?;
    Ok(rules)
}

/// While a library is loaded.
pub fn for_loading() -> io::Result<()> {
    let mut rules = working()?;
    always(
        &mut rules,
        &[
            c::SYS_mmap,
            c::SYS_mprotect,
            c::SYS_newfstatat,
            c::SYS_statx,
            c::SYS_readlinkat,
            c::SYS_faccessat,
            c::SYS_faccessat2,
            c::SYS_getcwd,
            c::SYS_getdents64,
            c::SYS_landlock_create_ruleset,
            c::SYS_landlock_restrict_self,
            c::SYS_seccomp,
            c::SYS_prctl,
        ],
    );
    // For reading.
    let writing = (c::O_WRONLY | c::O_RDWR | c::O_CREAT | c::O_TRUNC) as u64;
    when(&mut rules, c::SYS_openat, &[(2, Dword, MaskedEq(writing), 0)])?;
    #[cfg(target_arch = "x86_64")]
    {
        always(&mut rules, &[c::SYS_stat, c::SYS_lstat, c::SYS_access, c::SYS_readlink]);
        when(&mut rules, c::SYS_open, &[(1, Dword, MaskedEq(writing), 0)])?;
    }
    allow(rules)?;
    no_clone3()
}

/// After a library has been loaded.
pub fn for_working() -> io::Result<()> {
    allow(working()?)
}

/// For a program: all but what reaches other processes, the network, or the system.
pub fn for_program() -> io::Result<()> {
    let mut denied = vec![
        c::SYS_socket,
        c::SYS_connect,
        c::SYS_bind,
        c::SYS_listen,
        c::SYS_accept,
        c::SYS_accept4,
        c::SYS_sendto,
        c::SYS_sendmsg,
        c::SYS_sendmmsg,
        c::SYS_ptrace,
        c::SYS_process_vm_readv,
        c::SYS_process_vm_writev,
        c::SYS_process_madvise,
        c::SYS_kill,
        c::SYS_tkill,
        c::SYS_rt_sigqueueinfo,
        c::SYS_rt_tgsigqueueinfo,
        c::SYS_pidfd_open,
        c::SYS_pidfd_getfd,
        c::SYS_pidfd_send_signal,
        c::SYS_io_uring_setup,
        c::SYS_io_uring_enter,
        c::SYS_io_uring_register,
        c::SYS_unshare,
        c::SYS_setns,
        c::SYS_mount,
        c::SYS_umount2,
        c::SYS_pivot_root,
        c::SYS_chroot,
        c::SYS_bpf,
        c::SYS_perf_event_open,
        c::SYS_userfaultfd,
        c::SYS_keyctl,
        c::SYS_add_key,
        c::SYS_request_key,
        c::SYS_init_module,
        c::SYS_finit_module,
        c::SYS_delete_module,
        c::SYS_kexec_load,
        c::SYS_reboot,
        c::SYS_swapon,
        c::SYS_swapoff,
        c::SYS_acct,
        c::SYS_quotactl,
        c::SYS_personality,
        c::SYS_settimeofday,
        c::SYS_clock_settime,
        c::SYS_clock_adjtime,
        c::SYS_adjtimex,
        c::SYS_sethostname,
        c::SYS_setdomainname,
        c::SYS_shmget,
        c::SYS_msgget,
        c::SYS_semget,
        c::SYS_mq_open,
        c::SYS_setpriority,
        c::SYS_sched_setaffinity,
        c::SYS_sched_setscheduler,
        c::SYS_sched_setattr,
        c::SYS_name_to_handle_at,
        c::SYS_open_by_handle_at,
        c::SYS_fanotify_init,
        c::SYS_execveat,
        c::SYS_openat2,
        c::SYS_unlinkat,
        c::SYS_renameat,
        c::SYS_renameat2,
        c::SYS_mkdirat,
        c::SYS_mknodat,
        c::SYS_linkat,
        c::SYS_symlinkat,
        c::SYS_fchmod,
        c::SYS_fchmodat,
        c::SYS_fchown,
        c::SYS_fchownat,
        c::SYS_truncate,
        c::SYS_ftruncate,
        c::SYS_fallocate,
        c::SYS_utimensat,
        c::SYS_setxattr,
        c::SYS_lsetxattr,
        c::SYS_fsetxattr,
        c::SYS_removexattr,
        c::SYS_lremovexattr,
        c::SYS_fremovexattr,
    ];
    #[cfg(target_arch = "x86_64")]
    denied.extend([
        c::SYS_fork,
        c::SYS_vfork,
        c::SYS_creat,
        c::SYS_unlink,
        c::SYS_rename,
        c::SYS_mkdir,
        c::SYS_rmdir,
        c::SYS_mknod,
        c::SYS_link,
        c::SYS_symlink,
        c::SYS_chmod,
        c::SYS_chown,
        c::SYS_lchown,
        c::SYS_utime,
        c::SYS_utimes,
        c::SYS_futimesat,
        c::SYS_iopl,
        c::SYS_ioperm,
        c::SYS_modify_ldt,
        c::SYS_uselib,
    ]);
    let mut rules = Rules::new();
    always(&mut rules, &denied);
    when(&mut rules, c::SYS_clone, &[(0, Qword, MaskedEq(c::CLONE_THREAD as u64), 0)])?;
    let own = u64::from(std::process::id());
    when(&mut rules, c::SYS_tgkill, &[(0, Dword, SeccompCmpOp::Ne, own)])?;
    for flag in [c::O_WRONLY, c::O_RDWR, c::O_CREAT] {
        when(&mut rules, c::SYS_openat, &[(2, Dword, MaskedEq(flag as u64), flag as u64)])?;
        #[cfg(target_arch = "x86_64")]
        when(&mut rules, c::SYS_open, &[(1, Dword, MaskedEq(flag as u64), flag as u64)])?;
    }
    // The same calls by the numbers of the x32 ABI.
    #[cfg(target_arch = "x86_64")]
    {
        let x32 = rules.iter().map(|(call, rules)| (call | 0x4000_0000, rules.clone())).collect::<Vec<_>>();
        rules.extend(x32);
    }
    install(rules, SeccompAction::Allow, SeccompAction::Errno(c::EPERM as u32))?;
    no_clone3()
}
