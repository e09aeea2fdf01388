"""What may be asked of the launcher, and what it answers: one line each, and strict.

A call names a run, an attempt and a phase; never an image, a path, a command or a limit: those
the launcher takes from its own records. One connection carries one call and one answer.

    {"call": "create", "run": "0123456789abcdef", "attempt": 1, "phase": "joined"}
    {"ok": {}}
    {"fault": "platform", "code": "run_not_running"}
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from evals import wire
from sandbox.errors import (
    ControlMissing,
    EngineUnavailable,
    ImageRefused,
    PlatformFault,
)

# A line with its end, in bytes.
LONGEST_CALL: Final = 256
LONGEST_ANSWER: Final = 64 * 1024

PREFLIGHT, FOLDER, DISCARD = "preflight", "folder", "discard"
CREATE, START, WAIT, INSPECT, KILL, REMOVE = (
    *("create", "start", "wait", "inspect", "kill", "remove"),
)
LIST, VERSION, ID_OFFSET = "list", "version", "id_offset"

OF_A_RUN: Final = frozenset(
    {PREFLIGHT, FOLDER, DISCARD, CREATE, START, WAIT, INSPECT, KILL, REMOVE}
)
OF_NO_RUN: Final = frozenset({LIST, VERSION, ID_OFFSET})

_RUN: Final = re.compile(r"[0-9a-z]{1,32}")
_CODE: Final = re.compile(r"[a-z_]{1,40}")
_MOST_ATTEMPTS: Final = 1_000_000
_FAULTS: Final[Mapping[str, type[PlatformFault]]] = {
    "platform": PlatformFault,
    "engine": EngineUnavailable,
    "control": ControlMissing,
}


@dataclass(frozen=True, slots=True)
class Call:
    """One call; `run`, `attempt` and `phase` only for those of a run."""

    name: str
    run: str = ""
    attempt: int = 0
    phase: str = ""


def encode(call: Call) -> bytes:
    """One line."""
    asked: dict[str, object] = {"call": call.name}
    if call.name in OF_A_RUN:
        asked |= {"run": call.run, "attempt": call.attempt, "phase": call.phase}
    return _line(asked)


def parse(line: bytes) -> Call:
    """Read a call. Raises PlatformFault `bad_call` for anything but the lines of `encode`."""
    told = _object(line, LONGEST_CALL)
    name = told.get("call")
    if not isinstance(name, str) or name not in OF_A_RUN | OF_NO_RUN:
        raise PlatformFault("bad_call")
    if name in OF_NO_RUN:
        if told.keys() != {"call"}:
            raise PlatformFault("bad_call")
        return Call(name)
    if told.keys() != {"call", "run", "attempt", "phase"}:
        raise PlatformFault("bad_call")
    run, attempt, phase = told["run"], told["attempt"], told["phase"]
    named = isinstance(run, str) and _RUN.fullmatch(run)
    counted = type(attempt) is int and 1 <= attempt <= _MOST_ATTEMPTS
    if not named or not counted or not isinstance(phase, str) or phase not in wire.PHASES:
        raise PlatformFault("bad_call")
    return Call(name, run, attempt, phase)


def answer(values: Mapping[str, object]) -> bytes:
    """The line of a call that was carried out."""
    return _line({"ok": dict(values)})


def refusal(fault: PlatformFault) -> bytes:
    """The line of a call that was not. Only the code leaves, never a message."""
    # By its exact class: an image's problems stay with the launcher.
    kinds = {kind: name for name, kind in _FAULTS.items()} | {ImageRefused: "image"}
    code = fault.code if _CODE.fullmatch(fault.code) else "refused"
    return _line({"fault": kinds.get(type(fault), "platform"), "code": code})


def read_answer(line: bytes) -> Mapping[str, Any]:
    """What was answered. Raises the fault that the launcher met, or `bad_answer`."""
    told = _object(line, LONGEST_ANSWER, "bad_answer")
    values = told.get("ok")
    if told.keys() == {"ok"} and isinstance(values, dict):
        return values
    kind, code = told.get("fault"), told.get("code")
    if told.keys() != {"fault", "code"} or not isinstance(code, str) or not _CODE.fullmatch(code):
        raise PlatformFault("bad_answer")
    if kind == "image":
        raise ImageRefused(("the launcher refused the image; its log says why",), code)
    if not isinstance(kind, str) or kind not in _FAULTS:
        raise PlatformFault("bad_answer")
    raise _FAULTS[kind](code)


def _line(values: Mapping[str, object]) -> bytes:
    return json.dumps(values, separators=(",", ":")).encode() + b"\n"


def _object(line: bytes, longest: int, code: str = "bad_call") -> dict[str, Any]:
    if len(line) > longest or not line.endswith(b"\n"):
        raise PlatformFault(code)
    try:
        told = json.loads(line.decode("ascii"), object_pairs_hook=_pairs)
    except (ValueError, RecursionError):
        raise PlatformFault(code) from None
    if not isinstance(told, dict):
        raise PlatformFault(code)
    return told


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError
    return dict(pairs)
