"""The self-test: probes inside a container like a real run's, and from outside of it.

What the probes inside say leaves by the run's own socket. It is read as strictly as if a suite had
said it: known names, truth values, short details of a harmless alphabet.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sandbox.container.collector import Job, collect
from sandbox.container.expectations import (
    INSIDE,
    NOT_UNDER_GVISOR,
    OUTSIDE,
    Level,
    expected,
)
from sandbox.container.outside import probes as outside
from sandbox.container.outside.verdicts import Verdict
from sandbox.container.runtime import Engine
from sandbox.errors import PlatformFault

_COMMAND = (
    *("/usr/bin/python3", "-I", "-S", "/opt/assay/evals/probes.py"),
    "/assay/gateway.sock",
)
_TIME_S = 60.0
_MAX_BYTES = 64 * 1024
_DETAIL = re.compile(r"[A-Za-z0-9_-]{0,32}")
_FIELDS = {"name", "held", "detail"}


@dataclass(frozen=True, slots=True)
class Probe:
    """One probe's outcome. `detail` is a count or an errno's name."""

    name: str
    outside: bool
    level: Level
    held: bool
    detail: str


@dataclass(frozen=True, slots=True)
class SelfTest:
    """The whole self-test. `digest` names its outcome together with the image and the runtime."""

    digest: str
    probes: tuple[Probe, ...]
    passed: bool


def run(
    engine: Engine,
    image_id: str,
    *,
    owner: str,
    run_root: Path,
    oci_runtime: str = "runc",
) -> SelfTest:
    """Probe the sandbox on this machine, which takes about four seconds.

    Raises PlatformFault `probes_invalid`, and what making a container raises.
    """
    command = (*_COMMAND, *(NOT_UNDER_GVISOR if "runsc" in oci_runtime else ()))
    job = Job(image_id, owner, command, _TIME_S, _MAX_BYTES, oci_runtime=oci_runtime)
    with ThreadPoolExecutor(1, thread_name_prefix="probe") as pool:
        inside = pool.submit(collect, engine, job, run_root)
        seen = outside.run(
            engine, image_id, owner=owner, run_root=run_root, oci_runtime=oci_runtime
        )
        return judge(inside.result(), seen, image_id, oci_runtime)


def judge(said: bytes, seen: Mapping[str, Verdict], image_id: str, oci_runtime: str) -> SelfTest:
    """Hold what was said inside and seen from outside against what is expected.

    A probe that is missing does not hold. What no profile knows is not looked at.
    """
    told = _read(said) | {name: (one.held, one.detail) for name, one in seen.items()}
    found = [
        Probe(name, name in OUTSIDE, level, *told.get(name, (False, "missing")))
        for name, level in expected(oci_runtime).items()
    ]
    found.sort(key=lambda probe: probe.name)
    outcome = {
        "schema": "assay.selftest/2",
        "image": image_id,
        "runtime": oci_runtime,
        "probes": [
            {"name": one.name, "level": one.level, "held": one.held, "detail": one.detail}
            for one in found
        ],
    }
    encoded = json.dumps(outcome, sort_keys=True, separators=(",", ":")).encode()
    return SelfTest(
        digest="sha256:" + hashlib.sha256(encoded).hexdigest(),
        probes=tuple(found),
        passed=all(probe.held for probe in found if probe.level is Level.MUST),
    )


def _read(said: bytes) -> dict[str, tuple[bool, str]]:
    rows: object = None
    try:
        rows = json.loads(said)
    except ValueError:
        rows = None
    if not isinstance(rows, list):
        raise PlatformFault("probes_invalid")
    found: dict[str, tuple[bool, str]] = {}
    for row in rows:
        if not isinstance(row, dict) or row.keys() != _FIELDS:
            raise PlatformFault("probes_invalid")
        name, held, detail = row["name"], row["held"], row["detail"]
        known = isinstance(name, str) and name in INSIDE and name not in found
        plain = isinstance(detail, str) and _DETAIL.fullmatch(detail)
        if not known or not plain or not isinstance(held, bool):
            raise PlatformFault("probes_invalid")
        found[name] = (held, detail)
    return found
