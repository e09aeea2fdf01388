"""Messages that cross the wall, wire protocol version 2 (docs/wire.md).

Both sides use this module: the guest to write, the host to read what it must not trust. Values
are named tuples because a dataclass costs the guest 20 ms of imports at every start.
"""

import json
import re
from collections.abc import Mapping
from typing import NamedTuple

VERSION = 2
JOINED, GENERATE, SCORE = PHASES = ("joined", "generate", "score")
SCORE_PREFIX = "/assay/v1/scores/"
END_PATH = "/assay/v1/end"
MAX_SCORE_BODY = 4096
MAX_RUN_FILE = 65_536
MAX_METRICS = 32
MAX_DEPTH = 8
MAX_INT = 2**53 - 1  # the integers every JSON reader keeps exact (RFC 7493, 2.2)

SAMPLE_ID = r"^[a-z0-9][a-z0-9_.-]{0,63}$"
NAME = r"^[a-z][a-z0-9_]{0,31}$"
DECIMAL = r"^-?(?:0|[1-9][0-9]{0,11})(?:\.[0-9]{1,12})?$"

_SAMPLE_ID = re.compile(SAMPLE_ID[:-1] + r"\Z", re.ASCII)
_NAME = re.compile(NAME[:-1] + r"\Z", re.ASCII)
_MOST_DIGITS = len(str(-MAX_INT))
_DECIMAL = re.compile(DECIMAL[:-1] + r"\Z", re.ASCII)
_SURROGATE = re.compile("[\ud800-\udfff]")
_RUN = re.compile(r"^[a-z0-9][a-z0-9_-]{0,63}\Z", re.ASCII)

Parameter = int | str | list[str]


class WireError(ValueError):
    """A message broke the protocol. `args[0]` is a constant code, never the sender's text."""


class ScoreRow(NamedTuple):
    """One sample in one epoch (from 0): an integer per metric, a category by its index."""

    sample_id: str
    epoch: int
    values: dict[str, int]


class RunFile(NamedTuple):
    """What the runner is told. `time_limit_s` is in seconds; decimals in `parameters` are text.

    `phase`: ask and score (joined), ask only (generate), or score what was generated (score).
    """

    run: str
    phase: str
    concurrency: int
    epochs: int
    order_seed: str
    roles: tuple[str, ...]
    parameters: dict[str, Parameter]
    time_limit_s: int


def strict_json(body: bytes, max_bytes: int) -> object:
    """Read JSON without duplicate keys, floats, lone surrogates, big integers or deep nesting.

    Raises WireError: too_large, bad_utf8, bad_json, duplicate_key, not_int, too_deep, bad_text.
    """
    if len(body) > max_bytes:
        raise WireError("too_large")
    value, code = _load(body)
    if code:  # raised here, outside the handler, so that no context keeps the sender's text
        raise WireError(code)
    return value


def _load(body: bytes) -> tuple[object, str]:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return None, "bad_utf8"
    try:
        value = _DECODER.decode(text)
    except WireError as error:
        return None, str(error)
    except RecursionError:
        return None, "too_deep"
    except ValueError:
        return None, "bad_json"
    return value, _flaw(text, value)


def _flaw(text: str, value: object) -> str:
    if text.count("[") + text.count("{") > MAX_DEPTH and _depth(value) > MAX_DEPTH:
        return "too_deep"
    # Bytes that are UTF-8 can only name a lone surrogate by an escape.
    if "\\u" in text and _SURROGATE.search(json.dumps(value, ensure_ascii=False)):
        return "bad_text"
    return ""


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise WireError("duplicate_key")
    return found


def _exact_int(digits: str) -> int:
    if len(digits) > _MOST_DIGITS or abs(int(digits)) > MAX_INT:
        raise WireError("not_int")
    return int(digits)


def _no_float(_text: str) -> object:
    raise WireError("not_int")


def _depth(value: object) -> int:
    if not isinstance(value, list | dict):
        return 0
    items = value.values() if isinstance(value, dict) else value
    return 1 + max((_depth(item) for item in items if isinstance(item, list | dict)), default=0)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_int=_exact_int,
    parse_float=_no_float,
    parse_constant=_no_float,
)


def canonical(value: object) -> bytes:
    """Write JSON as RFC 8785 does; equal to it for ASCII keys and no floats."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def parse_score(sample_id: str, body: bytes) -> ScoreRow:
    """Read one score row, given the last segment of its path.

    Raises WireError: bad_id, not_object, unknown_field, missing_field, not_int, bad_values,
    bad_name, and those of `strict_json`.
    """
    if not is_sample_id(sample_id):
        raise WireError("bad_id")
    message = record(strict_json(body, MAX_SCORE_BODY), {"epoch", "values"})
    values = message["values"]
    if not isinstance(values, dict) or not 1 <= len(values) <= MAX_METRICS:
        raise WireError("bad_values")
    if not all(_NAME.match(name) for name in values):
        raise WireError("bad_name")
    return ScoreRow(
        sample_id,
        whole(message["epoch"], 0, MAX_INT),
        {name: whole(value, -MAX_INT, MAX_INT) for name, value in values.items()},
    )


def encode_score(row: ScoreRow) -> bytes:
    """Write the body of one score row; the sample's id goes into the path."""
    return canonical({"epoch": row.epoch, "values": row.values})


def parse_end(body: bytes) -> int:
    """Read how many rows the guest says it has sent. Raises WireError as `parse_score` does."""
    return whole(record(strict_json(body, MAX_SCORE_BODY), {"rows"})["rows"], 0, MAX_INT)


def encode_end(rows: int) -> bytes:
    """Write the end record's body."""
    return canonical({"rows": rows})


def parse_run_file(body: bytes) -> RunFile:
    """Read `run.json`.

    Raises WireError: bad_run, bad_phase, bad_roles, bad_parameters and those above.
    """
    message = record(strict_json(body, MAX_RUN_FILE), set(RunFile._fields) | {"wire"})
    if message["wire"] != VERSION or type(message["wire"]) is not int:
        raise WireError("bad_version")
    run, seed, roles = message["run"], message["order_seed"], message["roles"]
    if not isinstance(run, str) or not _RUN.match(run) or not isinstance(seed, str):
        raise WireError("bad_run")
    if message["phase"] not in PHASES:
        raise WireError("bad_phase")
    if not isinstance(roles, list) or not roles or not all(map(_is_name, roles)):
        raise WireError("bad_roles")
    parameters = message["parameters"]
    if not isinstance(parameters, dict) or not all(map(_is_name, parameters)):
        raise WireError("bad_parameters")
    if not all(map(_is_parameter, parameters.values())):
        raise WireError("bad_parameters")
    return RunFile(
        run,
        str(message["phase"]),
        whole(message["concurrency"], 1, 4096),
        whole(message["epochs"], 1, 10_000),
        seed,
        tuple(roles),
        parameters,
        whole(message["time_limit_s"], 1, MAX_INT),
    )


def encode_run_file(run_file: RunFile) -> bytes:
    """Write `run.json`."""
    return canonical({"wire": VERSION, **run_file._asdict()})


def record(value: object, fields: set[str]) -> Mapping[str, object]:
    """Read an object with exactly these fields.

    Raises WireError: not_object, unknown_field, missing_field.
    """
    if not isinstance(value, dict):
        raise WireError("not_object")
    if value.keys() - fields:
        raise WireError("unknown_field")
    if fields - value.keys():
        raise WireError("missing_field")
    return value


def whole(value: object, lowest: int, highest: int) -> int:
    """Read an integer within bounds. Raises WireError: not_int, out_of_range."""
    if type(value) is not int:  # True is an int to isinstance, and is no score
        raise WireError("not_int")
    if not lowest <= value <= highest:
        raise WireError("out_of_range")
    return value


def is_sample_id(text: str) -> bool:
    """Tell whether text may name a sample."""
    return _SAMPLE_ID.match(text) is not None


def _is_name(value: object) -> bool:
    return isinstance(value, str) and _NAME.match(value) is not None


def is_decimal(text: str) -> bool:
    """Tell whether text is a decimal number as run files and manifests write one."""
    return _DECIMAL.match(text) is not None


def _is_parameter(value: object) -> bool:
    if isinstance(value, list):
        return all(isinstance(item, str) for item in value)
    return type(value) is int or isinstance(value, str)
