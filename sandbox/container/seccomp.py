"""Turns the readable policy into the JSON that the engine hands to the kernel's filter.

Besides the plain families, a few calls are decided by their arguments (seccomp(2) compares
64-bit registers, so every rule here allows exact values or masks; none denies by value, which
a caller could dodge with upper bits). Meaning of the flags: linux/sched.h, socket(2), ioctl(2).
"""

import functools
import json
import stat
from typing import Any

from sandbox.container.seccomp_policy import ALLOWED

# Flags of clone(2) that make namespaces, and CLONE_PTRACE.
_CLONE_REFUSED = 0x7E02_0000 | 0x2000
_ENOSYS = 38
_AF_UNIX, _AF_INET, _AF_INET6 = 1, 2, 10
_SOCK_STREAM, _SOCK_DGRAM, _SOCK_KIND = 1, 2, 0xF
_PROTOCOLS = {_SOCK_STREAM: (0, 6), _SOCK_DGRAM: (0, 17)}

# A terminal's TIOCSTI types into somebody's shell; only these requests are known here.
IOCTLS: dict[str, int] = {
    "TCGETS": 0x5401,
    "TIOCGPGRP": 0x540F,
    "TIOCGWINSZ": 0x5413,
    "FIONREAD": 0x541B,
    "FIONBIO": 0x5421,
    "FIONCLEX": 0x5450,
    "FIOCLEX": 0x5451,
    "FIOASYNC": 0x5452,
}

# personality(2): the plain personality, and the value that only asks.
_PERSONALITIES = (0, 0xFFFF_FFFF)


def profile() -> dict[str, Any]:
    """Build the filter: allow what the policy names, refuse the rest with EPERM.

    One architecture is listed, so calls by the 32-bit and x32 entry points kill their caller.
    """
    names = sorted({name for _, family in ALLOWED.values() for name in family.split()})
    return {
        "defaultAction": "SCMP_ACT_ERRNO",
        "architectures": ["SCMP_ARCH_X86_64"],
        "syscalls": [
            _allow(names),
            _allow(["clone"], _masked(0, _CLONE_REFUSED, 0)),
            # The C library then falls back to clone, whose flags the filter can see.
            {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": _ENOSYS},
            *_sockets(),
            *(_allow(["ioctl"], _equal(1, request)) for request in sorted(IOCTLS.values())),
            *(_allow(["personality"], _equal(0, value)) for value in _PERSONALITIES),
            *_nodes(),
        ],
    }


@functools.cache
def profile_json() -> str:
    """Write the filter as text, always the same bytes for the same policy."""
    return json.dumps(profile(), sort_keys=True, separators=(",", ":"))


def _sockets() -> list[dict[str, Any]]:
    rules = []
    for kind, protocols in _PROTOCOLS.items():
        rules.append(_allow(["socket"], _equal(0, _AF_UNIX), _masked(1, _SOCK_KIND, kind)))
        rules.append(_allow(["socketpair"], _equal(0, _AF_UNIX), _masked(1, _SOCK_KIND, kind)))
        rules.extend(
            _allow(["socket"], _equal(0, family), _masked(1, _SOCK_KIND, kind), _equal(2, number))
            for family in (_AF_INET, _AF_INET6)
            for number in protocols
        )
    return rules


def _nodes() -> list[dict[str, Any]]:
    kinds = (stat.S_IFREG, stat.S_IFIFO, stat.S_IFSOCK)
    return [
        _allow([call], _masked(position, stat.S_IFMT(0o177777), kind))
        for call, position in (("mknod", 1), ("mknodat", 2))
        for kind in kinds
    ]


def _allow(names: list[str], *args: dict[str, int | str]) -> dict[str, Any]:
    return {"names": names, "action": "SCMP_ACT_ALLOW", "args": list(args)}


def _equal(index: int, value: int) -> dict[str, int | str]:
    return {"index": index, "value": value, "op": "SCMP_CMP_EQ"}


def _masked(index: int, mask: int, value: int) -> dict[str, int | str]:
    return {"index": index, "value": mask, "valueTwo": value, "op": "SCMP_CMP_MASKED_EQ"}
