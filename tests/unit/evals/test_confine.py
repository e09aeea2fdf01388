"""The filter of a scoring worker: what it lets through, and that nothing else passes."""

import subprocess
import sys
from pathlib import Path

import pytest

from evals import confine
from tests.support.missing import missing

ROOT = Path(__file__).parents[3]
HEADER = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")

CHILD = """
import errno, os, socket, sys, time
from evals import confine
said, wait = sys.argv[1], time.monotonic
acts = {
    "opens": lambda: os.open("/etc/hostname", os.O_RDONLY),
    "writes elsewhere": lambda: os.open("/tmp/x", os.O_CREAT | os.O_WRONLY),
    "forks": os.fork,
    "connects": lambda: socket.socket(socket.AF_UNIX),
    "pairs": socket.socketpair,
    "pipes": os.pipe,
    "signals": lambda: os.kill(os.getpid(), 0),
    "lists": lambda: os.listdir("/proc"),
    "looks": lambda: os.stat("/"),
    "duplicates": lambda: os.dup(2),
    "computes": lambda: sum(range(1000)) and wait() and os.urandom(4),
}
libc_prctl = confine.ctypes.CDLL(None).prctl
libc_prctl(38, 1, 0, 0, 0)  # no new privileges, as in the container
if said != "-":
    confine.apply(confine.program())
try:
    acts[sys.argv[2]]()
    code = 0
except OSError as error:
    code = error.errno
os.write(1, f"{code};".encode())  # a child of the fork's says so too
os._exit(0)
"""
REFUSED = (
    "opens",
    "writes elsewhere",
    "forks",
    "connects",
    "pairs",
    "pipes",
    "signals",
    "lists",
    "looks",
    "duplicates",
)


def attempt(confined: str, act: str) -> str:
    command = [sys.executable, "-c", CHILD, confined, act]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=30, check=True)
    return done.stdout.decode().split(";")[0]


@pytest.mark.parametrize("act", REFUSED)
def test_refused_inside_and_not_without(act):
    assert attempt("filter", act) == "1"  # EPERM
    assert attempt("-", act) == "0"


def test_computing_is_left():
    assert attempt("filter", "computes") == "0"


def test_each_number_is_that_of_the_kernels_header():
    if not HEADER.exists():
        missing("the kernel's headers (linux-libc-dev) are not installed")
    lines = [line.split() for line in HEADER.read_text().splitlines()]
    numbers = {
        parts[1].removeprefix("__NR_"): int(parts[2])
        for parts in lines
        if parts[:1] == ["#define"] and len(parts) == 3 and parts[2].isdigit()
    }
    assert {name: numbers[name] for name in confine.ALLOWED} == confine.ALLOWED


def test_the_filter_fits_the_kernels_limit():
    assert len(confine.program()) % 8 == 0
    assert len(confine.program()) // 8 < 4096  # BPF_MAXINSNS
