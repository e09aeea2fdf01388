"""The system-call filter: what it must deny, and what must go on working under it."""

import ctypes
import errno
import mmap
import os
import sqlite3
import sys
import tempfile
import threading

from evals.probing import syscalls
from evals.probing.look import Probe, Verdict, in_child, name_of, status


def _system_calls_filtered() -> Verdict:
    value = status()["Seccomp"]
    return value == "2", value


def _no_32_bit_calls() -> Verdict:
    # mov eax, 20 (getpid); int 0x80; ret
    return _dies(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")


def _no_x32_calls() -> Verdict:
    # mov eax, 0x40000027 (getpid); syscall; ret
    return _dies(b"\xb8\x27\x00\x00\x40\x0f\x05\xc3")


def _clone3_left_to_clone() -> Verdict:
    code = syscalls.error_of((435, 0, 0))
    return code == errno.ENOSYS, name_of(code)


def _no_new_user_namespace() -> Verdict:
    # clone(2) with CLONE_NEWUSER; in a child, so that nothing changes where it works.
    code = in_child(lambda: syscalls.error_of((272, 0x10000000)))
    clone = in_child(syscalls.clone_new_user)
    return code == clone == errno.EPERM, name_of(code)


def _no_typing_into_terminals() -> Verdict:
    code = syscalls.error_of((16, 0, 0x5412, 0))
    return code == errno.EPERM, name_of(code)


def _threads_work() -> Verdict:
    seen: list[int] = []
    threads = [threading.Thread(target=seen.append, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(seen) == [0, 1, 2, 3], ""


def _child_programs_work() -> Verdict:
    child = os.posix_spawn(sys.executable, [sys.executable, "-I", "-S", "-c", "pass"], {})
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, ""


def _databases_work() -> Verdict:
    with tempfile.TemporaryDirectory() as folder:
        database = sqlite3.connect(f"{folder}/d.sqlite3")
        database.execute("create table t (x)")
        database.execute("insert into t values (1)")
        database.commit()
        rows = database.execute("select count(*) from t").fetchone()
        database.close()
    return bool(rows == (1,)), ""


def denied(call: tuple[int, ...]) -> Verdict:
    """Whether a system call is refused with EPERM."""
    code = in_child(lambda: syscalls.error_of(call))
    return code == errno.EPERM, name_of(code)


def _dies(code: bytes) -> Verdict:
    """Whether a child that runs this machine code is killed for it."""

    def machine_code() -> int:
        page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        page.write(code)
        address = ctypes.addressof(ctypes.c_char.from_buffer(page))
        answer = ctypes.CFUNCTYPE(ctypes.c_int)(address)()
        return errno.ENOSYS if answer == -errno.ENOSYS else 0

    status = in_child(machine_code)
    return status < 0 or status == errno.ENOSYS, str(status)


PROBES: tuple[Probe, ...] = (
    _system_calls_filtered,
    _no_32_bit_calls,
    _no_x32_calls,
    _clone3_left_to_clone,
    _no_new_user_namespace,
    _no_typing_into_terminals,
    _threads_work,
    _child_programs_work,
    _databases_work,
)
