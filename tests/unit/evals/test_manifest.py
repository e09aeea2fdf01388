import copy
import json

import pytest

from evals import manifest, wire


@pytest.fixture
def good(suite_files) -> dict:
    return json.loads(suite_files["suite.json"])


def problems(value: object) -> dict[str, str]:
    with pytest.raises(manifest.ManifestError) as caught:
        manifest.parse(wire.canonical(value))
    return dict(caught.value.problems)


def test_a_manifest_mirrors_its_file(good):
    found = manifest.parse(wire.canonical(good))
    assert found.id == "sums"
    assert found.needs.roles == ("target",)
    assert found.generation == {"temperature": "0.5", "max_tokens": 16}
    assert found.metrics[0].scorer == {"name": "numeric", "options": {"after": "A:"}}
    assert found.metrics[0][:6] == ("correct", "int", 0, 1, (), 0)
    assert found.aggregates[1][:5] == ("accuracy_by_size", "correct", "proportion", 5, "size")
    assert found.samples[1] == ("sum-1", {"size": "small"})
    assert len(found.samples) == 40


def test_all_problems_are_told_at_once(good):
    del good["metrics"][0]["score"]["hi"]
    good["surprise"] = 1
    good["kind"] = "program"
    good["needs"]["roles"] = ["judge"]
    good["samples"][2]["groups"] = {"size": "Huge"}
    assert problems(good) == {
        "metrics[0].score.hi": "is missing",
        "surprise": "unknown field",
        "kind": 'must be "declarative"',
        "needs.roles": 'must include "target"',
        "samples[2].groups.size": "must be a label: a to z, 0 to 9, _ and -, at most 32",
    }


PLACES = [
    (),
    ("needs",),
    ("limits",),
    ("runtime",),
    ("data", 0),
    ("fields",),
    ("metrics", 0),
    ("metrics", 0, "score"),
    ("metrics", 0, "scorer"),
    ("metrics", 0, "scorer", "options"),
    ("aggregates", 0),
    ("samples", 0),
    ("samples", 0, "groups"),
]


@pytest.mark.parametrize("place", PLACES)
def test_unknown_fields_are_refused_everywhere(good, place):
    here = good
    for step in place:
        here = here[step]
    here["surprise"] = 1
    found = problems(good)
    assert [message for path, message in found.items() if path.endswith("surprise")] == [
        "unknown field"
    ]


@pytest.mark.parametrize("place", PLACES[:9] + PLACES[10:])
def test_missing_fields_are_told_everywhere(good, place):
    here = good
    for step in place:
        here = here[step]
    name = min(here)
    del here[name]
    missing = [path for path, message in problems(good).items() if message == "is missing"]
    assert missing[0].split(".")[-1] == name


CHANGES = {
    "schema": "assay.suite/2",
    "id": "Sums",
    "version": "one point two",
    "licence": "",
    "title": 3,
    "summary": "x" * 4001,
    "phases": "split",
    "canary": "6D1F3A52-0D0E-4C55-9A3B-6F2F4D1F9F10",
    "generation": {"temperature": True},
    "system": "",
    "template": "no place for it",
    "data": [],
    "primary": "accuracy_by_size",
    "public_samples": ["sum-0", "sum-1"],
    "samples": [],
}


@pytest.mark.parametrize(("field", "value"), CHANGES.items())
def test_a_bad_value_is_told_by_its_field(good, field, value):
    good[field] = value
    assert any(path.startswith(field) for path in problems(good))


DEEP = [
    (("template",), "{prompt} {prompt}", "template"),
    (("template",), "{prompt} 6d1f3a52-0d0e-4c55-9a3b-6f2f4d1f9f10", "template"),
    (("system",), "6d1f3a52-0d0e-4c55-9a3b-6f2f4d1f9f10", "system"),
    (("generation", "temperature"), "hot", "generation.temperature"),
    (("generation", "stop"), [1], "generation.stop[0]"),
    (("data", 0, "file"), "../samples.jsonl", "data[0].file"),
    (("data", 0, "sha256"), "0" * 63, "data[0].sha256"),
    (("data", 0, "rows"), 39, "samples"),
    (("limits", "cpus"), 0, "limits.cpus"),
    (("limits", "memory_mib"), "512", "limits.memory_mib"),
    (("limits", "processes"), True, "limits.processes"),
    (("limits", "shm_mib"), 513, "limits.shm_mib"),
    (("limits", "scratch_mib"), 513, "limits.scratch_mib"),
    (("runtime", "flavour"), "torch", "runtime.flavour"),
    (("runtime", "lock"), "wheels.lock", "runtime.lock"),
    (("runtime", "lock"), {"file": "../x.lock", "sha256": "0" * 64}, "runtime.lock.file"),
    (("runtime", "lock"), {"file": "x.lock", "sha256": "0"}, "runtime.lock.sha256"),
    (("metrics", 0, "worst"), 2, "metrics[0].worst"),
    (("metrics", 0, "worst"), True, "metrics[0].worst"),
    (("metrics", 0, "score"), {"type": "category", "labels": ["a"]}, "metrics[0].score.labels"),
    (("metrics", 0, "score"), {"type": "float"}, "metrics[0].score.type"),
    (("metrics", 0, "score"), {"type": "int", "lo": 1, "hi": 2}, "metrics[0].score"),
    (("metrics", 0, "scorer", "name"), "vibes", "metrics[0].scorer.name"),
    (("aggregates", 0, "metric"), "other", "aggregates[0].metric"),
    (("aggregates", 0, "kind"), "histogram", "aggregates[0].kind"),
    (("aggregates", 0, "kind"), "median", "aggregates[0].kind"),
    (("aggregates", 0, "kind"), ["rate"], "aggregates[0].kind"),
    (("aggregates", 0, "kind"), "pass_at_k", "aggregates[0].k"),
    (("aggregates", 0, "kind"), "rate", "aggregates[0].exposure"),
    (("aggregates", 0, "k"), 1, "aggregates[0].k"),
    (("aggregates", 0, "exposure"), 1, "aggregates[0].exposure"),
    (("aggregates", 0, "percentiles"), [50], "aggregates[0].percentiles"),
    (("aggregates", 0, "unit"), 0, "aggregates[0].unit"),
    (("aggregates", 1, "groups"), "colour", "aggregates[1].groups"),
    (("aggregates", 1, "groups"), ["size"], "aggregates[1].groups"),
    (("aggregates", 1, "id"), "accuracy", "aggregates[1]"),
    (("public_samples", 1), "sum-0", "public_samples[1]"),
    (("public_samples", 1), "sum-99", "public_samples[1]"),
    (("samples", 1, "id"), "sum-0", "samples[1]"),
    (("samples", 1, "id"), "Sum 1", "samples[1].id"),
]


@pytest.mark.parametrize(("place", "value", "path"), DEEP)
def test_a_bad_deep_value_is_told_by_its_path(good, place, value, path):
    here = good
    for step in place[:-1]:
        here = here[step]
    here[place[-1]] = value
    assert path in problems(good)


def with_kind(good: dict, score: dict, **aggregate: object) -> dict:
    changed = copy.deepcopy(good)
    other = {**changed["metrics"][0], "id": "other", "score": score}
    changed["metrics"] = [changed["metrics"][0], other]
    changed["aggregates"][0] = {
        "id": "accuracy", "metric": "other", "unit": 5, "groups": None, **aggregate
    }  # fmt: skip
    return changed


COUNTED = {"type": "successes", "of": 5}
SIGNED = {"type": "int", "lo": -1, "hi": 3}
CLASSED = {"type": "category", "labels": ["low", "high"]}


@pytest.mark.parametrize(
    ("score", "aggregate", "path"),
    [
        (COUNTED, {"kind": "bounded_count"}, None),
        (COUNTED, {"kind": "pass_at_k", "k": 3}, None),
        (COUNTED, {"kind": "rate", "exposure": 10}, None),
        (COUNTED, {"kind": "rate", "exposure": "correct"}, None),
        (SIGNED, {"kind": "second_moment"}, None),
        (CLASSED, {"kind": "histogram"}, None),
        (CLASSED, {"kind": "histogram", "percentiles": [25, 50]}, None),
        (SIGNED, {"kind": "bounded_count"}, "aggregates[0].kind"),
        (SIGNED, {"kind": "pass_at_k", "k": 1}, "aggregates[0].kind"),
        (SIGNED, {"kind": "rate", "exposure": 1}, "aggregates[0].kind"),
        (CLASSED, {"kind": "second_moment"}, "aggregates[0].kind"),
        (COUNTED, {"kind": "pass_at_k", "k": 0}, "aggregates[0].k"),
        (COUNTED, {"kind": "pass_at_k", "k": True}, "aggregates[0].k"),
        (COUNTED, {"kind": "rate", "exposure": 0}, "aggregates[0].exposure"),
        (COUNTED, {"kind": "rate", "exposure": None}, "aggregates[0].exposure"),
        (COUNTED, {"kind": "rate", "exposure": "nothing"}, "aggregates[0].exposure"),
        (CLASSED, {"kind": "histogram", "percentiles": []}, "aggregates[0].percentiles"),
        (CLASSED, {"kind": "histogram", "percentiles": None}, "aggregates[0].percentiles"),
        (CLASSED, {"kind": "histogram", "percentiles": [50, 50]}, "aggregates[0].percentiles"),
        (CLASSED, {"kind": "histogram", "percentiles": [100]}, "aggregates[0].percentiles[0]"),
    ],
)
def test_each_kind_has_its_own_field_and_no_other(good, score, aggregate, path):
    changed = with_kind(good, score, **aggregate)
    if path is None:
        assert manifest.parse(wire.canonical(changed)).aggregates[0].kind == aggregate["kind"]
    else:
        assert path in problems(changed)


def options(good: dict, name: str, **given: object) -> dict:
    changed = copy.deepcopy(good)
    changed["metrics"][0]["scorer"] = {"name": name, "options": given}
    return changed


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("exact", {"ignore_case": True}),
        ("choice", {"letters": "ABCDE", "after": "Answer:"}),
        ("pattern", {"pattern": "x=(.)"}),
        ("instructions", {"count": "all"}),
        ("refusal", {"report": "expected"}),
    ],
)
def test_good_options(good, name, given):
    assert manifest.parse(wire.canonical(options(good, name, **given)))


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("exact", {"ignore_case": "yes"}),
        ("choice", {"letters": "A-Z"}),
        ("numeric", {"after": ""}),
        ("pattern", {}),
        ("pattern", {"pattern": "("}),
        ("pattern", {"pattern": "x"}),
        ("pattern", {"pattern": "(a)(b)"}),
        ("instructions", {"count": "some"}),
        ("refusal", {"report": "class"}),
    ],
)
def test_bad_options(good, name, given):
    assert any("metrics[0].score" in path for path in problems(options(good, name, **given)))


@pytest.mark.parametrize("value", [None, [], "x", 3, {}])
@pytest.mark.parametrize("field", ["needs", "data", "fields", "metrics", "aggregates", "samples"])
def test_a_wrong_shape_is_told_and_never_crashes(good, field, value):
    good[field] = value
    assert any(path.startswith(field) for path in problems(good))


def test_bytes_must_be_canonical(good):
    body = wire.canonical(good)
    with pytest.raises(manifest.ManifestError, match="not canonical"):
        manifest.parse(body + b"\n")
    with pytest.raises(manifest.ManifestError, match="not strict JSON: bad_json"):
        manifest.parse(body[:-1])
    with pytest.raises(manifest.ManifestError, match="duplicate_key"):
        manifest.parse(b'{"a":1,"a":1}')
    with pytest.raises(manifest.ManifestError, match="must be a mapping"):
        manifest.parse(b"[]")
