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


class Suite(NamedTuple):
    """An unpacked suite whose data files have the right digests; rows are read when asked for."""

    manifest: manifest.Manifest
    rows: list[bytes]

    def sample(self, index: int) -> Sample:
        """Read the sample at a place of the manifest's index.

        Raises SuiteError or WireError when the row does not fit.
        """
        row = wire.strict_json(self.rows[index], MAX_ROW_BYTES)
        found = _sample(row, self.manifest)
        if (found.id, found.groups) != self.manifest.samples[index]:
            raise SuiteError("a data row differs from the manifest's index")
        return found


class Prompt(NamedTuple):
    """A question without its answer."""

    id: str
    messages: list[dict[str, str]]


class Prompts(NamedTuple):
    """What a guest gets of a suite that asks and does not score: no answer keys."""

    manifest: manifest.Manifest
    rows: list[bytes]

    def sample(self, index: int) -> Prompt:
        """Read the question at a place of the manifest's index. Raises SuiteError."""
        row = wire.strict_json(self.rows[index], MAX_ROW_BYTES)
        prompt = row.get("prompt") if isinstance(row, dict) else None
        if not isinstance(prompt, str) or row != {"prompt": prompt}:
            raise SuiteError("a question cannot be read")
        return Prompt(self.manifest.samples[index].id, _messages(self.manifest, prompt))


def open_prompts(folder: str) -> Prompts:
    """Open a suite without its answers. Raises ManifestError or SuiteError."""
    found = manifest.parse(read_bytes(f"{folder}/{manifest.FILE}"))
    rows = read_bytes(f"{folder}/{manifest.PROMPTS}").removesuffix(b"\n").split(b"\n")
    if len(rows) != len(found.samples):
        raise SuiteError("the questions differ from the manifest's index")
    return Prompts(found, rows)


def load(folder: str) -> tuple[manifest.Manifest, list[Sample]]:
    """Read an unpacked suite and every sample. Raises as `open_suite` and `sample` do."""
    opened = open_suite(folder)
    return opened.manifest, [opened.sample(index) for index in range(len(opened.rows))]


def open_suite(folder: str) -> Suite:
    """Open an unpacked suite. Raises ManifestError or SuiteError when files do not fit."""
    found = manifest.parse(read_bytes(f"{folder}/{manifest.FILE}"))
    rows = [row for file in found.data for row in _rows(folder, file)]
    if len(rows) != len(found.samples):
        raise SuiteError("data rows differ from the manifest's index")
    return Suite(found, rows)


def read_bytes(path: str) -> bytes:
    """Read a file. The guest does without pathlib, whose import costs it 9 ms at every start."""
    with open(path, "rb") as file:  # noqa: PTH123
        return file.read()


def _rows(folder: str, file: manifest.DataFile) -> list[bytes]:
    content = read_bytes(f"{folder}/{file.file}")
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise SuiteError("a data file has another digest")
    return content.removesuffix(b"\n").split(b"\n")


def _sample(row: object, found: manifest.Manifest) -> Sample:
    if not isinstance(row, dict):
        raise SuiteError("a data row is not an object")
    fields = found.fields
    prompt, target = row.get(fields.prompt), normal_target(row.get(fields.target))
    if not isinstance(prompt, str) or target is None:
        raise SuiteError("a data row has no prompt or no target")
    groups = {name: str(row.get(column)) for name, column in fields.groups.items()}
    return Sample(str(row.get(fields.id)), _messages(found, prompt), target, groups)


def _messages(found: manifest.Manifest, prompt: str) -> list[dict[str, str]]:
    messages = [{"role": "system", "content": found.system}] if found.system else []
    messages.append({"role": "user", "content": found.template.replace(manifest.PROMPT, prompt)})
    return messages
