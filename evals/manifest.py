"""The suite manifest: what a suite is, needs and measures, read from canonical `suite.json`.

Authors write `suite.yaml`; `harness.documents.authoring` turns it into this form. Every problem
is collected, so that an author mends a suite in one go. Values are named tuples for the reason
given in `evals.wire`.
"""

import re
from typing import NamedTuple

from evals import wire
from evals.container import FLAVOURS, Limits, Lock, Runtime, read_limits, read_runtime
from evals.fields import LABEL, Problem, Reader
from evals.metrics import PROGRAM_SCORER, Aggregate, Metric, read_aggregates, read_metric
from evals.targets import normal_target, target_problem

__all__ = [
    "FLAVOURS",
    "Aggregate",
    "DataFile",
    "Fields",
    "Limits",
    "Lock",
    "Manifest",
    "ManifestError",
    "Metric",
    "Needs",
    "Problem",
    "Program",
    "Runtime",
    "SampleEntry",
    "normal_target",
    "parse",
    "target_problem",
]

SCHEMA = "assay.suite/1"
FILE = "suite.json"
PROMPTS = "prompts.jsonl"  # stands for all data files in a container that does not score
MAX_BYTES = 16 * 1024 * 1024
MAX_SAMPLES = 100_000
PROMPT = "{prompt}"

_SAMPLE_ID = re.compile(wire.SAMPLE_ID[:-1] + r"\Z", re.ASCII)
_LABEL = re.compile(LABEL[:-1] + r"\Z", re.ASCII)
_PROGRAM_FILE = r"[a-z][a-z0-9_]{0,57}\.py"
_DATA_FILE = r"[a-z0-9][a-z0-9_.-]{0,57}\.jsonl"
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_TOP = (
    "schema id version licence title summary kind phases program runtime canary needs limits "
    "generation system template data fields metrics aggregates primary public_samples samples"
)
_NEEDS = "roles requests_per_sample tokens_in_per_sample tokens_out_per_sample"


class ManifestError(ValueError):
    """The manifest breaks rules; `problems` holds all of them."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{path or FILE}: {message}" for path, message in problems))
        self.problems = problems


class Needs(NamedTuple):
    """What one sample costs at most, in requests and tokens."""

    roles: tuple[str, ...]
    requests_per_sample: int
    tokens_in_per_sample: int
    tokens_out_per_sample: int


class DataFile(NamedTuple):
    """One JSONL file of the archive. `sha256` is hexadecimal."""

    file: str
    sha256: str
    rows: int


class Program(NamedTuple):
    """The suite's own scorer: one Python file. `seconds` is the time it has for a sample."""

    file: str
    sha256: str
    seconds: int


class Fields(NamedTuple):
    """Which column of a data row holds what; `groups` maps a dimension to its column."""

    id: str
    prompt: str
    target: str
    groups: dict[str, str]


class SampleEntry(NamedTuple):
    """What anyone may know of a sample: its id and its groups, no prompt and no target."""

    id: str
    groups: dict[str, str]


class Manifest(NamedTuple):
    """A suite's manifest, as far as the host and the protocol need it."""

    id: str
    version: str
    licence: str
    title: str
    summary: str
    kind: str
    phases: str
    program: Program | None
    runtime: Runtime
    canary: str
    needs: Needs
    limits: Limits
    generation: dict[str, wire.Parameter]
    system: str | None
    template: str
    data: tuple[DataFile, ...]
    fields: Fields
    metrics: tuple[Metric, ...]
    aggregates: tuple[Aggregate, ...]
    primary: str
    public_samples: tuple[str, ...]
    samples: tuple[SampleEntry, ...]

    @property
    def scorer_mode(self) -> str:
        """Whose code sees the outputs: `declarative` is ours, `isolated` the suite's own."""
        return "declarative" if self.program is None else "isolated"


def parse(body: bytes) -> Manifest:
    """Read the bytes of `suite.json`. Raises ManifestError with every problem."""
    try:
        value = wire.strict_json(body, MAX_BYTES)
    except wire.WireError as error:
        raise ManifestError([Problem("", f"is not strict JSON: {error}")]) from None
    reader = Reader()
    found = _manifest(reader, value)
    if not reader.problems and wire.canonical(value) != body:
        reader.say("", "is not canonical JSON")
    if reader.problems:
        raise ManifestError(reader.problems)
    return found


def _manifest(reader: Reader, value: object) -> Manifest:
    top = reader.record(value, "", _TOP)
    reader.choice(top["schema"], "schema", (SCHEMA,))
    fields = _fields(reader, top["fields"])
    metrics = tuple(
        read_metric(reader, item, f"metrics[{index}]")
        for index, item in enumerate(reader.items(top["metrics"], "metrics", 1, wire.MAX_METRICS))
    )
    found = Manifest(
        id=reader.name(top["id"], "id"),
        version=reader.match(
            top["version"], "version", r"[0-9A-Za-z][0-9A-Za-z.+-]{0,31}", 'a version like "1.0.0"'
        ),
        licence=reader.match(
            top["licence"], "licence", r"[0-9A-Za-z][0-9A-Za-z.+() -]{0,99}", "an SPDX expression"
        ),
        title=reader.text(top["title"], "title", 200),
        summary=reader.text(top["summary"], "summary", 4000),
        kind=reader.choice(top["kind"], "kind", ("declarative",)),
        phases=reader.choice(top["phases"], "phases", ("joined", "separate")),
        program=_program(reader, top["program"]),
        runtime=read_runtime(reader, top["runtime"]),
        canary=reader.match(top["canary"], "canary", _UUID, "a lower-case UUID"),
        needs=_needs(reader, top["needs"]),
        limits=read_limits(reader, top["limits"]),
        generation=_generation(reader, top["generation"]),
        system=None if top["system"] is None else reader.text(top["system"], "system", 100_000),
        template=reader.text(top["template"], "template", 100_000),
        data=_data(reader, top["data"]),
        fields=fields,
        metrics=metrics,
        aggregates=read_aggregates(reader, top["aggregates"], metrics, tuple(fields.groups)),
        primary=reader.name(top["primary"], "primary"),
        public_samples=_ids(reader, top["public_samples"]),
        samples=_samples(reader, top["samples"], fields),
    )
    reader.unique([metric.id for metric in found.metrics], "metrics")
    reader.unique([aggregate.id for aggregate in found.aggregates], "aggregates")
    reader.unique([sample.id for sample in found.samples], "samples")
    _check_whole(reader, found)
    return found


def _check_whole(reader: Reader, found: Manifest) -> None:
    _check_program(reader, found)
    if found.template and found.template.count(PROMPT) != 1:
        reader.say("template", f"must hold {PROMPT} exactly once")
    for path, text in (("template", found.template), ("system", found.system or "")):
        if found.canary and found.canary in text:
            reader.say(path, "must not hold the canary")
    if found.primary and not any(
        aggregate.id == found.primary and aggregate.groups is None for aggregate in found.aggregates
    ):
        reader.say("primary", "must name an aggregate over all samples")
    known = {sample.id for sample in found.samples}
    for index, sample in enumerate(found.public_samples):
        if sample and sample not in known:
            reader.say(f"public_samples[{index}]", "is no sample of this suite")
    if sum(file.rows for file in found.data) != len(found.samples):
        reader.say("samples", "must have one entry per data row")


def _check_program(reader: Reader, found: Manifest) -> None:
    scored = [
        index
        for index, metric in enumerate(found.metrics)
        if metric.scorer["name"] == PROGRAM_SCORER
    ]
    if found.program is None:
        for index in scored:
            reader.say(f"metrics[{index}].scorer.name", "needs a program")
    elif not scored:
        reader.say("program", f"is no metric's scorer; name it {PROGRAM_SCORER} in one")
    elif found.phases == "joined":
        reader.say("phases", "must be separate where a program of the suite scores")


def _program(reader: Reader, value: object) -> Program | None:
    if value is None:
        return None
    program = reader.record(value, "program", "file sha256 seconds")
    what = "a file name in lower case that ends in .py"
    return Program(
        reader.match(program["file"], "program.file", _PROGRAM_FILE, what),
        reader.match(program["sha256"], "program.sha256", "[0-9a-f]{64}", "64 hexadecimal digits"),
        reader.whole(program["seconds"], "program.seconds", 1, 60),
    )


def _needs(reader: Reader, value: object) -> Needs:
    needs = reader.record(value, "needs", _NEEDS)
    roles = [
        reader.name(role, f"needs.roles[{index}]")
        for index, role in enumerate(reader.items(needs["roles"], "needs.roles", 1, 8))
    ]
    reader.unique(roles, "needs.roles")
    if roles and "target" not in roles:
        reader.say("needs.roles", 'must include "target"')
    most = 100_000_000
    return Needs(
        tuple(roles),
        reader.whole(needs["requests_per_sample"], "needs.requests_per_sample", 1, 1000),
        reader.whole(needs["tokens_in_per_sample"], "needs.tokens_in_per_sample", 1, most),
        reader.whole(needs["tokens_out_per_sample"], "needs.tokens_out_per_sample", 1, most),
    )


def _generation(reader: Reader, value: object) -> dict[str, wire.Parameter]:
    found: dict[str, wire.Parameter] = {}
    for name, wanted in reader.mapping(value, "generation").items():
        path = f"generation.{name}"
        reader.name(name, path)
        if isinstance(wanted, list):
            texts = reader.items(wanted, path, 1, 16)
            found[name] = [reader.text(text, f"{path}[{i}]", 200) for i, text in enumerate(texts)]
        elif isinstance(wanted, int) and not isinstance(wanted, bool):
            found[name] = wanted
        else:
            what = 'a whole number, a decimal in quotes such as "0.7", or a list of texts'
            found[name] = reader.match(wanted, path, wire.DECIMAL, what)
    return found


def _data(reader: Reader, value: object) -> tuple[DataFile, ...]:
    found = []
    for index, item in enumerate(reader.items(value, "data", 1, 64)):
        path = f"data[{index}]"
        file = reader.record(item, path, "file sha256 rows")
        what = "a file name in lower case that ends in .jsonl"
        found.append(
            DataFile(
                reader.match(file["file"], f"{path}.file", _DATA_FILE, what),
                reader.match(
                    file["sha256"], f"{path}.sha256", "[0-9a-f]{64}", "64 hexadecimal digits"
                ),
                reader.whole(file["rows"], f"{path}.rows", 1, MAX_SAMPLES),
            )
        )
    reader.unique([file.file for file in found], "data")
    return tuple(found)


def _fields(reader: Reader, value: object) -> Fields:
    fields = reader.record(value, "fields", "id prompt target groups")
    groups = reader.mapping(fields["groups"], "fields.groups")
    for dimension in groups:
        reader.name(dimension, f"fields.groups.{dimension}")
    return Fields(
        reader.text(fields["id"], "fields.id", 64),
        reader.text(fields["prompt"], "fields.prompt", 64),
        reader.text(fields["target"], "fields.target", 64),
        {name: reader.text(column, f"fields.groups.{name}", 64) for name, column in groups.items()},
    )


def _ids(reader: Reader, value: object) -> tuple[str, ...]:
    ids = [
        reader.match(item, f"public_samples[{index}]", wire.SAMPLE_ID, "a sample id")
        for index, item in enumerate(reader.items(value, "public_samples", 3, 5))
    ]
    reader.unique(ids, "public_samples")
    return tuple(ids)


def _samples(reader: Reader, value: object, fields: Fields) -> tuple[SampleEntry, ...]:
    items = reader.items(value, "samples", 1, MAX_SAMPLES)
    return tuple(
        _plain_sample(item, fields) or _sample(reader, item, f"samples[{index}]", fields)
        for index, item in enumerate(items)
    )


def _plain_sample(item: object, fields: Fields) -> SampleEntry | None:
    """Read a sample without fault, ten times as fast as field by field: there may be 100,000."""
    if not isinstance(item, dict) or item.keys() != {"id", "groups"}:
        return None
    name, groups = item["id"], item["groups"]
    if not isinstance(name, str) or not isinstance(groups, dict):
        return None
    if not _SAMPLE_ID.match(name) or groups.keys() != fields.groups.keys():
        return None
    if not all(isinstance(label, str) and _LABEL.match(label) for label in groups.values()):
        return None
    return SampleEntry(name, groups)


def _sample(reader: Reader, item: object, path: str, fields: Fields) -> SampleEntry:
    sample = reader.record(item, path, "id groups")
    groups = reader.record(sample["groups"], f"{path}.groups", " ".join(fields.groups))
    what = "a sample id: a to z and 0 to 9 first, then also _ . and -, at most 64"
    return SampleEntry(
        reader.match(sample["id"], f"{path}.id", wire.SAMPLE_ID, what),
        {name: reader.label(label, f"{path}.groups.{name}") for name, label in groups.items()},
    )
