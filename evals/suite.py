"""A suite as the runner sees it: the manifest and the samples with prompts and targets."""

import hashlib
from typing import NamedTuple

from evals import manifest, wire
from evals.targets import Target, normal_target

MAX_ROW_BYTES = 1024 * 1024


class SuiteError(ValueError):
    """The files do not fit their manifest. The message is constant."""


class Sample(NamedTuple):
    """One question. `messages` is what the model gets, in the Chat Completions form."""

    id: str
    messages: list[dict[str, str]]
    target: Target
    groups: dict[str, str]


def load(folder: str) -> tuple[manifest.Manifest, list[Sample]]:
    """Read an unpacked suite, in the order of its manifest.

    Raises ManifestError, SuiteError or WireError when files, digests or rows do not fit.
    """
    found = manifest.parse(read_bytes(f"{folder}/{manifest.FILE}"))
    samples = [sample for file in found.data for sample in _samples(folder, file, found)]
    if [(sample.id, sample.groups) for sample in samples] != list(found.samples):
        raise SuiteError("data rows differ from the manifest's index")
    return found, samples


def read_bytes(path: str) -> bytes:
    """Read a file. The guest does without pathlib, whose import costs it 9 ms at every start."""
    with open(path, "rb") as file:  # noqa: PTH123
        return file.read()


def _samples(folder: str, file: manifest.DataFile, found: manifest.Manifest) -> list[Sample]:
    content = read_bytes(f"{folder}/{file.file}")
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise SuiteError("a data file has another digest")
    lines = content.removesuffix(b"\n").split(b"\n")
    return [_sample(wire.strict_json(line, MAX_ROW_BYTES), found) for line in lines]


def _sample(row: object, found: manifest.Manifest) -> Sample:
    if not isinstance(row, dict):
        raise SuiteError("a data row is not an object")
    fields = found.fields
    prompt, target = row.get(fields.prompt), normal_target(row.get(fields.target))
    if not isinstance(prompt, str) or target is None:
        raise SuiteError("a data row has no prompt or no target")
    messages = [{"role": "system", "content": found.system}] if found.system else []
    messages.append({"role": "user", "content": found.template.replace(manifest.PROMPT, prompt)})
    groups = {name: str(row.get(column)) for name, column in fields.groups.items()}
    return Sample(str(row.get(fields.id)), messages, target, groups)
