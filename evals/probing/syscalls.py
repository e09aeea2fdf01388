"""System calls that the sandbox must deny, each with arguments that do no harm where it does not.

Numbers are those of x86-64 (arch/x86/entry/syscalls/syscall_64.tbl); arguments are chosen so
that an unprivileged caller without a filter gets anything but EPERM, where the kernel allows
that.
"""

import ctypes
import os

_LIBC = ctypes.CDLL(None, use_errno=True)
_SELF = os.getpid()
_BAD = -1

DENIED: dict[str, tuple[int, ...]] = {
    "io_uring_setup": (425, 0, 0),
    "ptrace": (101, 0, 0, 0, 0),
    "process_vm_readv": (310, _SELF, 0, 0, 0, 0, 0),
    "pidfd_getfd": (438, _BAD, 0, 0),
    "kcmp": (312, _SELF, _SELF, 0, 0, 0),
    "keyctl": (250, 0, -3, 0),
    "add_key": (248, 0, 0, 0, 0, 0),
    "bpf": (321, 0, 0, 0),
    "userfaultfd": (323, 1),
    "perf_event_open": (298, 0, 0, -1, -1, 0),
    "mount": (165, 0, 0, 0, 0, 0),
    "umount2": (166, 0, 0),
    "open_tree": (428, _BAD, 0, 0),
    "unshare": (272, 0),
    "setns": (308, _BAD, 0),
    "memfd_create": (319, 0, 0),
    "memfd_secret": (447, 1 << 20),
    "mincore": (27, 0, 0, 0),
    "shmget": (29, 0x5A5A5A, 4096, 0),
    "semget": (64, 0x5A5A5A, 1, 0),
    "mq_open": (240, 0, 0, 0, 0),
    "io_setup": (206, 0, 0),
    "splice": (275, _BAD, 0, _BAD, 0, 0, 0),
    "vmsplice": (278, _BAD, 0, 0, 0),
    "modify_ldt": (154, 0, 0, 0),
    "name_to_handle_at": (303, _BAD, 0, 0, 0, 0),
    "open_by_handle_at": (304, _BAD, 0, 0),
    "fanotify_init": (300, 0, 0),
    "mbind": (237, 0, 0, 0, 0, 0, 0),
    "chroot": (161, 0),
    "setuid": (105, os.getuid()),
    "execveat": (322, _BAD, 0, 0, 0, 0),
    "init_module": (175, 0, 0, 0),
    "syslog": (103, 10, 0, 0),
}


_CLONE = 56
_CLONE_NEWUSER_AND_SIGCHLD = 0x10000000 | 17


def error_of(call: tuple[int, ...]) -> int:
    """Make a system call; its errno, 0 when it succeeds."""
    ctypes.set_errno(0)
    number, *arguments = call
    answer = _LIBC.syscall(
        ctypes.c_long(number), *(ctypes.c_long(argument) for argument in arguments)
    )
    return ctypes.get_errno() if answer == -1 else 0


def clone_new_user() -> int:
    """Try to start a process in a new user namespace; the errno."""
    ctypes.set_errno(0)
    answer = _LIBC.syscall(
        ctypes.c_long(_CLONE), ctypes.c_long(_CLONE_NEWUSER_AND_SIGCHLD), 0, 0, 0, 0
    )
    if answer == 0:
        os._exit(0)
    if answer > 0:
        os.waitpid(answer, 0)
        return 0
    return ctypes.get_errno()
