"""The data rows of a packed suite: what a run would refuse in them, and the public ones. Pure.

The guest reads the same rows with code of its own (`evals.suite`), which a host never imports.
"""

import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from evals import wire
from evals.manifest import (
    FILE,
    PROMPT,
    PROMPTS,
    Manifest,
    SampleEntry,
    normal_target,
    target_problem,
)
from harness.documents.authoring import MAX_ROW_BYTES, Located


class Row(NamedTuple):
    """One data row; `line` counts from 1."""

    file: str
    line: int
    content: bytes


class PublicSample(NamedTuple):
    """A sample that anyone may read: what the model is sent, as (role, text), and the answer."""

    id: str
    groups: Mapping[str, str]
    messages: tuple[tuple[str, str], ...]
    answer: str


def rows(parsed: Manifest, files: Mapping[str, bytes]) -> list[Row]:
    """Every data row, in the order of the manifest's index."""
    return [
        Row(item.file, line, content)
        for item in parsed.data
        for line, content in enumerate(files[item.file].removesuffix(b"\n").split(b"\n"), 1)
    ]


def problems(parsed: Manifest, files: Mapping[str, bytes]) -> Iterator[str]:
    """What a run would refuse, each by file, line and field."""
    found = rows(parsed, files)
    if len(found) != len(parsed.samples):
        yield f"suite.json: samples: lists {len(parsed.samples)}, the data files hold {len(found)}"
        return
    for row, entry in zip(found, parsed.samples, strict=True):
        for field, message in _row_problems(parsed, row, entry):
            yield str(Located(row.file, row.line, field, message))


def without_answers(parsed: Manifest, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Suite files for a container that asks and does not score: the manifest and the prompts.

    Every other column of the data rows stays behind, the answer keys with them, and so does the
    suite's own program. The rows must be without problems.
    """
    prompts = []
    for row in rows(parsed, files):
        value = wire.strict_json(row.content, MAX_ROW_BYTES)
        found = value if isinstance(value, dict) else {}
        prompts.append(wire.canonical({"prompt": found[parsed.fields.prompt]}) + b"\n")
    return {FILE: files[FILE], PROMPTS: b"".join(prompts)}


def public(parsed: Manifest, files: Mapping[str, bytes]) -> tuple[PublicSample, ...]:
    """The few samples that the manifest declares public, in its order, and no other.

    The rows must be without problems.
    """
    by_id = dict(zip((entry.id for entry in parsed.samples), rows(parsed, files), strict=True))
    entries = {entry.id: entry for entry in parsed.samples}
    return tuple(_public(parsed, entries[name], by_id[name]) for name in parsed.public_samples)


def _row_problems(parsed: Manifest, row: Row, entry: SampleEntry) -> Iterator[tuple[str, str]]:
    fields = parsed.fields
    try:
        value = wire.strict_json(row.content, MAX_ROW_BYTES)
    except wire.WireError as error:
        yield "", f"is not strict JSON: {error}"
        return
    if not isinstance(value, dict):
        yield "", "must be an object"
        return
    if value.get(fields.id) != entry.id:
        yield fields.id, "is not the one in suite.json; pack the suite again"
    for name, column in fields.groups.items():
        if str(value.get(column)) != entry.groups[name]:
            yield column, "is not the one in suite.json; pack the suite again"
    if not isinstance(value.get(fields.prompt), str):
        yield fields.prompt, "must be text"
    target = normal_target(value.get(fields.target))
    if target is None:
        yield fields.target, "must be text, an integer, a list of texts or an object"
        return
    for metric in parsed.metrics:
        wrong = target_problem(metric.scorer, target, metric.hi)
        if wrong is not None:
            yield fields.target, wrong


def _public(parsed: Manifest, entry: SampleEntry, row: Row) -> PublicSample:
    value = wire.strict_json(row.content, MAX_ROW_BYTES)
    found = value if isinstance(value, dict) else {}
    prompt = parsed.template.replace(PROMPT, str(found.get(parsed.fields.prompt, "")))
    target = normal_target(found.get(parsed.fields.target))
    return PublicSample(
        id=entry.id,
        groups=entry.groups,
        messages=((("system", parsed.system),) if parsed.system else ()) + (("user", prompt),),
        answer=target if isinstance(target, str) else json.dumps(target, ensure_ascii=False),
    )
