"""From what an author writes to what a suite is: `suite.yaml` and JSONL to canonical `suite.json`.

Every problem of every file is collected with its file, line and field. The archive of a suite
is `pack` of what `compile_suite` returns.
"""

import hashlib
import re
import warnings
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from evals import manifest, wire
from harness.documents import marked_yaml

SOURCE = "suite.yaml"
MAX_ROW_BYTES = 1024 * 1024
_PROGRAM_S = 10  # for one sample, where the author names no time

_SAMPLE_PATH = re.compile(r"samples\[([0-9]+)\]\.?(.*)\Z", re.DOTALL)


class Located(NamedTuple):
    """One problem. `line` counts from 1; `field` is a path such as `metrics[0].score.hi`."""

    file: str
    line: int
    field: str
    message: str

    def __str__(self) -> str:
        field = f"{self.field}: " if self.field else ""
        return f"{self.file}:{self.line}: {field}{self.message}"


class AuthoringError(ValueError):
    """A suite cannot be packed. `problems` holds all reasons; the text has one a line."""

    def __init__(self, problems: list[Located]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


class _Row(NamedTuple):
    """One line of a data file; `value` is None when it cannot be read."""

    file: str
    line: int
    value: Mapping[str, object] | None


def compile_suite(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Check an author's files and return those of the suite: `suite.json` and its data files.

    Files that `suite.yaml` does not name stay out. Raises AuthoringError with every problem.
    """
    if SOURCE not in files:
        raise AuthoringError([Located(SOURCE, 1, "", "is missing")])
    source = marked_yaml.read(files[SOURCE])
    problems = [Located(SOURCE, *problem) for problem in source.problems]
    suite = source.value
    if not isinstance(suite, dict):
        raise AuthoringError(problems or [Located(SOURCE, 1, "", "must be a mapping")])
    if "samples" in suite:
        problems.append(Located(SOURCE, source.line("samples"), "samples", "is filled by Assay"))
    _fill_defaults(suite)
    problems += _fill_program(suite, files, source)
    problems += _fill_lock(suite, files, source)
    rows = list(_rows(suite, files, source, problems))
    columns = _columns(suite)
    suite["samples"] = [_entry(row, columns) for row in rows] if columns else []
    body = wire.canonical(suite)
    problems += _manifest_problems(body, rows if columns else [], source, problems)
    if columns:
        problems += _content_problems(suite, rows, columns)
    if problems:
        raise AuthoringError(sorted(set(problems), key=lambda one: (one.file != SOURCE, one)))
    names = [*_data_names(suite), *_names(suite.get("program")), *_names(_lock(suite))]
    return {manifest.FILE: body, **{name: files[name] for name in names}}


def _fill_defaults(suite: dict[str, object]) -> None:
    suite.setdefault("system", None)
    suite.setdefault("program", None)
    usual = {
        "limits": manifest.Limits()._asdict(),
        "runtime": {"flavour": manifest.FLAVOURS[0], "lock": None},
    }
    for section, defaults in usual.items():
        stated = suite.setdefault(section, {})
        if isinstance(stated, dict):
            suite[section] = {**defaults, **stated}
    if isinstance(suite.get("fields"), dict):
        suite["fields"].setdefault("groups", {})  # type: ignore[attr-defined]
    for aggregate in _mappings(suite.get("aggregates")):
        aggregate.setdefault("groups", None)
    for metric in _mappings(suite.get("metrics")):
        for scorer in _mappings([metric.get("scorer")]):
            scorer.setdefault("options", {})


def _fill_program(
    suite: Mapping[str, object], files: Mapping[str, bytes], source: marked_yaml.Marked
) -> Iterator[Located]:
    """Complete the suite's own scorer by its digest and its time."""
    program = suite.get("program")
    if not isinstance(program, dict):
        return
    program.setdefault("seconds", _PROGRAM_S)
    yield from _fill_digest(program, "program", files, source)
    for name in _names(program):
        line = _unreadable(files[name]) if name in files else 0
        if line:
            yield Located(name, line, "", "is no Python that can be read")


def _fill_lock(
    suite: Mapping[str, object], files: Mapping[str, bytes], source: marked_yaml.Marked
) -> Iterator[Located]:
    """Complete the lock of the suite's own wheels by its digest."""
    lock = _lock(suite)
    if lock is not None:
        yield from _fill_digest(lock, "runtime.lock", files, source)


def _fill_digest(
    entry: dict[str, object], path: str, files: Mapping[str, bytes], source: marked_yaml.Marked
) -> Iterator[Located]:
    for name in _names(entry):
        if name not in files:
            where = f"{path}.file"
            yield Located(SOURCE, source.line(where), where, "names no file here")
            entry["sha256"] = "0" * 64
            continue
        actual = hashlib.sha256(files[name]).hexdigest()
        if entry.setdefault("sha256", actual) != actual:
            where = f"{path}.sha256"
            yield Located(SOURCE, source.line(where), where, f"is not that of the file, {actual}")


def _unreadable(source: bytes) -> int:
    """The line from which a program is no Python; 0 when it can be read."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an author's style is no matter of ours
        try:
            compile(source, "program", "exec", dont_inherit=True)
        except SyntaxError as error:
            return error.lineno or 1
        except (ValueError, RecursionError, MemoryError):
            return 1
    return 0


def _lock(suite: Mapping[str, object]) -> dict[str, object] | None:
    runtime = suite.get("runtime")
    lock = runtime.get("lock") if isinstance(runtime, dict) else None
    return lock if isinstance(lock, dict) else None


def _names(entry: object) -> list[str]:
    """The file that an entry names, if it names one."""
    name = entry.get("file") if isinstance(entry, dict) else None
    return [name] if isinstance(name, str) else []


def _mappings(value: object) -> list[dict[str, object]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _data_names(suite: Mapping[str, object]) -> list[str]:
    names = [entry.get("file") for entry in _mappings(suite.get("data"))]
    return [name for name in names if isinstance(name, str)]


def _rows(
    suite: Mapping[str, object],
    files: Mapping[str, bytes],
    source: marked_yaml.Marked,
    problems: list[Located],
) -> Iterator[_Row]:
    data = suite.get("data")
    for index, entry in enumerate(data if isinstance(data, list) else []):
        name = entry.get("file") if isinstance(entry, dict) else None
        if not isinstance(entry, dict) or not isinstance(name, str):
            continue  # the manifest says so
        path = f"data[{index}]"
        if name not in files:
            where = f"{path}.file"
            problems.append(Located(SOURCE, source.line(where), where, "names no file here"))
            entry.update({"sha256": "0" * 64, "rows": 1})
            continue
        lines = files[name].removesuffix(b"\n").split(b"\n")
        actual = {"sha256": hashlib.sha256(files[name]).hexdigest(), "rows": len(lines)}
        for field, value in actual.items():
            if entry.setdefault(field, value) != value:
                where = f"{path}.{field}"
                message = f"is not that of the file, {value}"
                problems.append(Located(SOURCE, source.line(where), where, message))
        for number, line in enumerate(lines, 1):
            yield _row(name, number, line, problems)


def _row(name: str, number: int, line: bytes, problems: list[Located]) -> _Row:
    try:
        value = wire.strict_json(line, MAX_ROW_BYTES)
    except wire.WireError as error:
        problems.append(Located(name, number, "", f"is not strict JSON: {error}"))
        return _Row(name, number, None)
    if isinstance(value, dict):
        return _Row(name, number, value)
    problems.append(Located(name, number, "", "must be an object"))
    return _Row(name, number, None)


def _columns(suite: Mapping[str, object]) -> manifest.Fields | None:
    fields = suite.get("fields")
    if not isinstance(fields, dict) or not isinstance(fields.get("groups"), dict):
        return None
    groups: dict[str, str] = fields["groups"]
    columns = [fields.get(name) for name in ("id", "prompt", "target")]
    texts = [column for column in [*columns, *groups.values()] if isinstance(column, str)]
    if len(texts) < len(columns) + len(groups):
        return None
    return manifest.Fields(texts[0], texts[1], texts[2], groups)


def _entry(row: _Row, columns: manifest.Fields) -> dict[str, object]:
    value = row.value or {}
    groups = {name: value[column] for name, column in columns.groups.items() if column in value}
    entry: dict[str, object] = {"groups": groups}
    if columns.id in value:
        entry["id"] = value[columns.id]
    return entry


def _manifest_problems(
    body: bytes, rows: list[_Row], source: marked_yaml.Marked, earlier: list[Located]
) -> list[Located]:
    try:
        manifest.parse(body)
    except manifest.ManifestError as error:
        found = [(problem.path, _locate(problem, rows, source)) for problem in error.problems]
    else:
        return []
    # What could not be read is refused once, not once more for all that hangs on it.
    refused = {problem.field for problem in earlier if problem.file == SOURCE}
    unread = {(row.file, row.line) for row in rows if row.value is None}
    partial = not rows or bool(unread) or any(name.startswith("data") for name in refused)
    return [
        located
        for path, located in found
        if located.field not in refused
        and (located.file, located.line) not in unread
        and not (partial and (path == "samples" or path.startswith("public_samples[")))
    ]


def _locate(found: manifest.Problem, rows: list[_Row], source: marked_yaml.Marked) -> Located:
    sample = _SAMPLE_PATH.match(found.path)
    if sample and int(sample[1]) < len(rows):
        row = rows[int(sample[1])]
        return Located(row.file, row.line, sample[2] or "id", found.message)
    return Located(SOURCE, source.line(found.path), found.path, found.message)


def _content_problems(
    suite: Mapping[str, object], rows: list[_Row], columns: manifest.Fields
) -> Iterator[Located]:
    scorers = list(_scorers(suite))
    for row in rows:
        if row.value is None:
            continue
        prompt = row.value.get(columns.prompt)
        if not isinstance(prompt, str) or not prompt:
            yield Located(row.file, row.line, columns.prompt, "must be text")
        elif str(suite.get("canary")) in prompt:
            yield Located(row.file, row.line, columns.prompt, "must not hold the canary")
        target = manifest.normal_target(row.value.get(columns.target))
        if target is None:
            message = "must be text, an integer, a list of texts or an object"
            yield Located(row.file, row.line, columns.target, message)
            continue
        for scorer, highest in scorers:
            wrong = manifest.target_problem(scorer, target, highest)
            if wrong:
                yield Located(row.file, row.line, columns.target, wrong)


def _scorers(suite: Mapping[str, object]) -> Iterator[tuple[dict[str, object], int]]:
    for metric in _mappings(suite.get("metrics")):
        score = metric.get("score")
        highest = score.get("hi", score.get("of")) if isinstance(score, dict) else None
        for scorer in _mappings([metric.get("scorer")]):
            yield scorer, highest if isinstance(highest, int) else wire.MAX_INT
