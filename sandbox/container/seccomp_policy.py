"""Which system calls a guest may make, family by family, each with its reason.

Written by rule rather than from a list of calls seen: a call is allowed when an unprivileged
Python program needs it for its own memory, threads, files, clocks or local sockets; it is
denied when it crosses to another process, the kernel's configuration or rarely walked code.
Everything that is named nowhere is denied as well. x86-64 only.
"""

ALLOWED: dict[str, tuple[str, str]] = {
    "memory": (
        "a program's own address space",
        (
            "brk madvise mlock mlock2 mlockall mmap mprotect mremap mseal msync munlock munlockall"
            " munmap pkey_alloc pkey_free pkey_mprotect map_shadow_stack"
        ),
    ),
    "threads and futexes": (
        "threads, and locks between them",
        (
            "futex futex_requeue futex_waitv futex_wait futex_wake get_robust_list set_robust_list"
            " get_thread_area set_thread_area set_tid_address gettid membarrier rseq arch_prctl"
        ),
    ),
    "processes": (
        "children of one's own; limits and pids cap their number",
        (
            "execve exit exit_group fork vfork wait4 waitid getpid getppid getpgid getpgrp getsid"
            " setpgid setsid prctl getrusage times kill tgkill tkill pidfd_open pidfd_send_signal"
            " getrlimit setrlimit prlimit64 getpriority setpriority sched_yield sched_getparam"
            " sched_setparam sched_getscheduler sched_setscheduler sched_getattr sched_setattr"
            " sched_get_priority_max sched_get_priority_min sched_rr_get_interval"
            " sched_getaffinity sched_setaffinity getcpu"
        ),
    ),
    "identity, read only": (
        "asking who one is",
        "getuid geteuid getgid getegid getresuid getresgid getgroups capget",
    ),
    "signals": (
        "handlers and waiting for them",
        (
            "rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend"
            " rt_sigtimedwait rt_tgsigqueueinfo sigaltstack signalfd signalfd4 pause alarm"
            " restart_syscall"
        ),
    ),
    "clocks and timers": (
        "reading clocks and sleeping; setting them is denied",
        (
            "clock_getres clock_gettime clock_nanosleep gettimeofday nanosleep time getitimer"
            " setitimer timer_create timer_delete timer_getoverrun timer_gettime timer_settime"
            " timerfd_create timerfd_gettime timerfd_settime"
        ),
    ),
    "descriptors": (
        "reading, writing and waiting",
        (
            "read readv pread64 preadv preadv2 write writev pwrite64 pwritev pwritev2 lseek close"
            " close_range dup dup2 dup3 fcntl pipe pipe2 poll ppoll select pselect6 epoll_create"
            " epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait"
            " epoll_wait_old eventfd eventfd2 sendfile copy_file_range readahead"
        ),
    ),
    "files": (
        "paths and files under the root that the mounts allow",
        (
            "access faccessat faccessat2 chdir fchdir getcwd chmod fchmod fchmodat fchmodat2 chown"
            " fchown fchownat lchown creat open openat openat2 stat lstat fstat newfstatat statx"
            " statfs fstatfs getdents getdents64 link linkat symlink symlinkat readlink readlinkat"
            " mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 truncate ftruncate"
            " fallocate fadvise64 flock fsync fdatasync sync_file_range sync syncfs umask utime"
            " utimes utimensat futimesat getxattr lgetxattr fgetxattr listxattr llistxattr"
            " flistxattr inotify_init inotify_init1 inotify_add_watch inotify_rm_watch"
        ),
    ),
    "sockets": (
        "talking over descriptors; which sockets may be made is a rule below",
        (
            "accept accept4 bind connect getpeername getsockname getsockopt setsockopt listen"
            " recvfrom recvmsg recvmmsg sendto sendmsg sendmmsg shutdown"
        ),
    ),
    "host facts": (
        "uname and sysinfo, which the C library calls by itself",
        "uname sysinfo getrandom",
    ),
}

DENIED: dict[str, tuple[str, str]] = {
    "io_uring": (
        "a second system-call interface that bypasses this filter, with a long history of holes",
        "io_uring_setup io_uring_enter io_uring_register",
    ),
    "other processes' memory": (
        "reading or steering another process, the launcher above all",
        (
            "ptrace process_vm_readv process_vm_writev process_madvise process_mrelease"
            " pidfd_getfd kcmp"
        ),
    ),
    "keyrings": ("keys are not namespaced", "keyctl add_key request_key"),
    "programs in the kernel": (
        "code and page faults handled by the guest inside the kernel",
        "bpf userfaultfd perf_event_open seccomp",
    ),
    "mounts": (
        "a changed view of the file system",
        (
            "mount umount2 mount_setattr move_mount open_tree open_tree_attr fsopen fsmount"
            " fsconfig fspick pivot_root chroot statmount listmount swapon swapoff quotactl"
            " quotactl_fd"
        ),
    ),
    "namespaces": ("new namespaces open privileged code", "unshare setns"),
    "hidden or foreign memory": (
        "pages outside every accounting, or a look at what other processes have cached",
        "memfd_create memfd_secret mincore cachestat remap_file_pages",
    ),
    "memory placement": (
        "placement on nodes; not needed, and a side channel",
        "mbind get_mempolicy set_mempolicy set_mempolicy_home_node migrate_pages move_pages",
    ),
    "System V and POSIX queues": (
        "objects outlive their process; Python's own locks do not need them",
        (
            "shmat shmctl shmdt shmget semctl semget semop semtimedop msgctl msgget msgrcv msgsnd"
            " mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedsend mq_unlink"
        ),
    ),
    "kernel AIO": (
        "rarely walked code without a use here",
        "io_cancel io_destroy io_getevents io_pgetevents io_setup io_submit",
    ),
    "pipes of pages": (
        "moving page references between files broke read-only files before",
        "splice tee vmsplice",
    ),
    "identity changes": (
        "one user for the whole run",
        "setuid setgid setreuid setregid setresuid setresgid setgroups setfsuid setfsgid capset",
    ),
    "attribute changes": (
        "capabilities and labels on files",
        (
            "setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr setxattrat"
            " getxattrat listxattrat removexattrat file_getattr file_setattr"
        ),
    ),
    "file handles and events": (
        "reaching files around path lookup and mounts",
        "name_to_handle_at open_by_handle_at fanotify_init fanotify_mark lookup_dcookie",
    ),
    "kernel configuration": (
        "privileged today; denied so that a future hole stays closed",
        (
            "acct adjtimex clock_adjtime clock_settime settimeofday stime create_module"
            " delete_module finit_module init_module get_kernel_syms query_module kexec_file_load"
            " kexec_load reboot sethostname setdomainname syslog vhangup iopl ioperm modify_ldt"
            " ioprio_set ioprio_get nfsservctl _sysctl sysfs uselib ustat"
        ),
    ),
    "other sandboxes' tools": (
        "no use inside a sandbox, and attack surface",
        (
            "landlock_create_ruleset landlock_add_rule landlock_restrict_self lsm_get_self_attr"
            " lsm_set_self_attr lsm_list_modules uretprobe uprobe listns"
        ),
    ),
    "running a descriptor": ("starts a file that has no path and so no noexec", "execveat"),
    "never built": (
        "numbers without code behind them",
        "afs_syscall getpmsg putpmsg security tuxcall vserver",
    ),
}
