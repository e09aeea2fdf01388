import json
import re
from collections import Counter
from pathlib import Path

import pytest

from sandbox.container.seccomp import IOCTLS, profile, profile_json
from sandbox.container.seccomp_policy import ALLOWED, DENIED
from tests.support.missing import missing

_BY_ARGUMENTS = {"clone", "clone3", "socket", "socketpair", "ioctl", "personality", "mknod"} | {
    "mknodat"
}
_HEADERS = (
    Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    Path("/usr/include/asm/unistd_64.h"),
)


def _names(table):
    return [name for _, family in table.values() for name in family.split()]


def _allowed_plainly():
    return {
        name
        for rule in profile()["syscalls"]
        if rule["action"] == "SCMP_ACT_ALLOW" and not rule["args"]
        for name in rule["names"]
    }


def test_each_call_stands_in_one_family_only():
    counts = Counter(_names(ALLOWED) + _names(DENIED) + sorted(_BY_ARGUMENTS))
    assert [name for name, count in counts.items() if count > 1] == []


def test_every_family_gives_a_reason():
    assert all(len(reason) > 15 for table in (ALLOWED, DENIED) for reason, _ in table.values())


def test_every_call_of_this_kernel_was_considered():
    header = next((path for path in _HEADERS if path.exists()), None)
    if header is None:
        missing("no kernel headers on this machine: install linux-libc-dev")
    known = set(re.findall(r"#define __NR_(\w+)", header.read_text()))
    assert known - set(_names(ALLOWED)) - set(_names(DENIED)) - _BY_ARGUMENTS == set()


def test_everything_else_is_refused_and_one_entry_point_is_known():
    assert profile()["defaultAction"] == "SCMP_ACT_ERRNO"
    assert profile()["architectures"] == ["SCMP_ARCH_X86_64"]


@pytest.mark.parametrize(
    "name",
    [
        "io_uring_setup",
        "ptrace",
        "process_vm_readv",
        "pidfd_getfd",
        "kcmp",
        "keyctl",
        "add_key",
        "request_key",
        "bpf",
        "userfaultfd",
        "perf_event_open",
        "mount",
        "umount2",
        "memfd_secret",
        "mincore",
        "cachestat",
        "shmget",
        "mq_open",
        "io_setup",
        "splice",
        "vmsplice",
        "tee",
        "modify_ldt",
        "name_to_handle_at",
        "open_by_handle_at",
        "unshare",
        "setns",
        "setuid",
        "execveat",
        "socket",
        "clone",
        "ioctl",
        "personality",
        "mknod",
    ],
)
def test_is_not_allowed_without_a_condition(name):
    assert name not in _allowed_plainly()


def test_no_rule_denies_by_value():
    # A caller could pass upper bits that the kernel drops but the filter compares.
    for rule in profile()["syscalls"]:
        if rule["action"] != "SCMP_ACT_ALLOW":
            assert rule == {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}
        assert {arg["op"] for arg in rule.get("args", [])} <= {"SCMP_CMP_EQ", "SCMP_CMP_MASKED_EQ"}


def _matches(name, *values):
    def holds(arg):
        value = values[arg["index"]]
        if arg["op"] == "SCMP_CMP_MASKED_EQ":
            return value & arg["value"] == arg["valueTwo"]
        return value == arg["value"]

    return any(
        name in rule["names"] and all(map(holds, rule["args"]))
        for rule in profile()["syscalls"]
        if rule["action"] == "SCMP_ACT_ALLOW"
    )


@pytest.mark.parametrize(
    ("family", "kind", "protocol", "allowed"),
    [
        (1, 1, 0, True),
        (1, 2 | 0o2000000, 0, True),
        (2, 1 | 0o4000, 6, True),
        (10, 2, 17, True),
        (1, 5, 0, False),  # SEQPACKET
        (2, 3, 1, False),  # RAW
        (2, 2, 1, False),  # ICMP echo
        (2, 1, 262, False),  # MPTCP
        (2, 1, 132, False),  # SCTP
        (16, 3, 0, False),  # NETLINK
        (17, 3, 0, False),  # PACKET
        (38, 5, 0, False),  # ALG
        (40, 1, 0, False),  # VSOCK
    ],
)
def test_sockets(family, kind, protocol, allowed):
    assert _matches("socket", family, kind, protocol) is allowed


def test_pairs_are_unix_only():
    assert _matches("socketpair", 1, 1)
    assert not _matches("socketpair", 2, 1)


@pytest.mark.parametrize("bit", [0x20000, *(1 << n for n in range(25, 31)), 0x2000])
def test_clone_makes_no_namespace(bit):
    threads = 0x3D0F00
    assert _matches("clone", threads)
    assert _matches("clone", 0x1200011)  # what fork uses
    assert not _matches("clone", threads | bit)


def test_terminals_cannot_be_typed_into():
    assert _matches("ioctl", 3, IOCTLS["TCGETS"])
    assert not _matches("ioctl", 3, 0x5412)
    assert not _matches("ioctl", 3, 0x5412 | 1 << 32)


def test_nodes_are_not_devices():
    assert _matches("mknod", 0, 0o010644)
    assert _matches("mknodat", 0, 0, 0o100644)
    assert not _matches("mknod", 0, 0o020644)
    assert not _matches("mknodat", 0, 0, 0o060644)


def test_the_text_is_stable_json():
    assert json.loads(profile_json()) == profile()
    assert profile_json() is profile_json()
