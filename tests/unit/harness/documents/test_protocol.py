import json
from pathlib import Path

import pytest

from harness.documents import canonical, protocol
from harness.documents.problems import DocumentInvalid

DOCS = Path(__file__).parents[4] / "docs" / "protocol.md"


def _parts(path):
    return [int(part) if part.isdigit() else part for part in path.split("/")]


def _put(value, path, new):
    *way, last = _parts(path)
    for part in way:
        value = value[part]
    value[last] = new


def _paths(value):
    with pytest.raises(DocumentInvalid) as caught:
        protocol.parse(canonical.dumps(value))
    return [problem.path for problem in caught.value.problems]


def test_a_valid_protocol_keeps_its_bytes(protocol_value):
    data = protocol.build(protocol_value)
    read = protocol.parse(data)
    assert read.to_bytes() == data == canonical.dumps(protocol_value)
    assert read.harness.parameters["max_tokens"].exact == 64
    assert read.analysis.metrics[1].group.label == "add"


def test_other_bytes_of_the_same_value_are_refused(protocol_value):
    with pytest.raises(DocumentInvalid, match="canonical"):
        protocol.parse(json.dumps(protocol_value).encode())


def _leaves(value, path=""):
    if isinstance(value, dict):
        for key, item in value.items():
            yield f"{path}/{key}".lstrip("/"), key
            yield from _leaves(item, f"{path}/{key}")
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from _leaves(item, f"{path}/{at}")


def test_every_field_is_required_and_no_other_is_known(protocol_value):
    open_maps = ("suite/groups/", "harness/parameters/")
    paths = [p for p, _ in _leaves(protocol_value) if not p.startswith(open_maps)]
    assert len(paths) > 90
    for path in paths:
        *way, last = _parts(path)
        holder = protocol_value
        for part in way:
            holder = holder[part]
        kept = holder.pop(last)
        assert _paths(protocol_value) != []
        holder[last] = kept
        holder["unheard_of"] = 1
        assert any(found.endswith("unheard_of") for found in _paths(protocol_value))
        del holder["unheard_of"]
    protocol.build(protocol_value)


NOISE = {"id": "accuracy", "scale": "1", "error": "0.0027"}
BAD_FIELDS = [
    ("schema", "assay.protocol/2", "schema"),
    ("identity/id", "Words", "identity.id"),
    ("identity/id", "words\n", "identity.id"),
    ("identity/version", True, "identity.version"),
    ("identity/version", "1", "identity.version"),
    ("identity/version", 0, "identity.version"),
    ("identity/parent", "sha256:ABC", "identity.parent"),
    ("identity/title", "  ", "identity.title"),
    ("identity/title", "two\nlines", "identity.title"),
    ("identity/summary", "evil\u202etxet", "identity.summary"),
    ("identity/summary", "bell\u0007", "identity.summary"),
    ("parties/observers", ["a", "a"], "parties.observers"),
    ("claim/decision/threshold", "07", "claim.decision.threshold"),
    ("claim/decision/threshold", "1e3", "claim.decision.threshold"),
    ("claim/decision/threshold", "-0", "claim.decision.threshold"),
    ("claim/decision/threshold", "\u0660.\u0667", "claim.decision.threshold"),
    ("claim/decision/margin", ".5", "claim.decision.margin"),
    ("system/api", "other", "system.api"),
    ("suite/groups/operation/add", 0, "suite.groups.operation.add"),
    ("suite/groups/operation", {"Add": 60}, "suite.groups.operation.Add"),
    ("harness/parameters/max_tokens", 64, "harness.parameters.max_tokens"),
    ("harness/parameters/max_tokens/exact", True, "harness.parameters.max_tokens.exact"),
    ("harness/parameters/max_tokens/exact", [], "harness.parameters.max_tokens.exact"),
    ("harness/parameters/max_tokens/exact", "many", "harness.parameters.max_tokens.exact"),
    ("harness/parameters/top_p/default", "2", "harness.parameters.top_p"),
    ("harness/parameters/top_p/min", None, "harness.parameters.top_p.min"),
    ("harness/roles", [], "harness.roles"),
    ("harness/epochs", 0, "harness.epochs"),
    ("budget/concurrency", 0, "budget.concurrency"),
    ("budget/run_wall_clock_s", 10**9, "budget.run_wall_clock_s"),
    ("budget/window/end", "2026-12-01T00:00:00+00:00", "budget.window.end"),
    ("budget/window/end", "2026-13-01T00:00:00Z", "budget.window.end"),
    ("analysis/metrics", [], "analysis.metrics"),
    ("analysis/metrics/0/unit", 4, "analysis.metrics[0].unit"),
    ("analysis/metrics/0/kind", "mean", "analysis.metrics[0].kind"),
    ("disclosure/error_detail", "full", "disclosure.error_detail"),
    (
        "disclosure/differential_privacy",
        {"epsilon_per_record": "1", "epsilon_cap": "1", "figures": []},
        "disclosure.differential_privacy.figures",
    ),
    (
        "disclosure/differential_privacy",
        {"epsilon_per_record": "1.0", "epsilon_cap": "1", "figures": [NOISE]},
        "disclosure.differential_privacy.epsilon_per_record",
    ),
    ("disclosure/alphabet", "0", "disclosure.alphabet"),
    ("disclosure/bits", "8,5", "disclosure.bits"),
    ("evidence/retention", "keep", "evidence.retention"),
    ("publication/redaction_grounds", ["embarrassing"], "publication.redaction_grounds[0]"),
    ("termination/notice_days", 366, "termination.notice_days"),
]


@pytest.mark.parametrize(("path", "new", "problem"), BAD_FIELDS)
def test_a_bad_field_is_named(protocol_value, path, new, problem):
    _put(protocol_value, path, new)
    assert _paths(protocol_value) == [problem]


BAD_RULES = [
    ({"identity/version": 2}, ["identity.parent"]),
    ({"identity/parent": "sha256:" + "a" * 64}, ["identity.parent"]),
    (
        {"parties/vendor/organisation": "university  OF the north"},
        ["parties.vendor.organisation"],
    ),
    ({"parties/vendor/key_id": "sha256:" + "a" * 64}, ["parties.vendor.key_id"]),
    ({"claim/decision/metric": "speed"}, ["claim.decision.metric"]),
    ({"claim/decision/metric": "outcome"}, ["claim.decision.metric"]),
    ({"claim/decision/threshold": "1.1"}, ["claim.decision.threshold"]),
    ({"claim/decision/margin": "-0.1"}, ["claim.decision.margin"]),
    ({"suite/groups/operation/divide": 41}, ["suite.groups.operation"]),
    ({"budget/window/end": "2026-11-01T00:00:00Z"}, ["budget.window.end"]),
    ({"publication/embargo_until": "2026-11-30T23:59:59Z"}, ["publication.embargo_until"]),
    ({"analysis/primary": "speed"}, ["analysis.primary"]),
    (
        {"analysis/metrics/3/id": "outcome"},
        ["analysis.metrics[2].id", "analysis.metrics[3].id"],
    ),
    ({"analysis/metrics/0/n": 99}, ["analysis.metrics[0].n"]),
    ({"analysis/metrics/1/n": 100}, ["analysis.metrics[1].n"]),
    ({"analysis/metrics/1/group": None}, ["analysis.metrics[1].id", "analysis.metrics[1].n"]),
    ({"analysis/metrics/1/group/dimension": "size"}, ["analysis.metrics[1].group"]),
    ({"analysis/metrics/1/id": "accuracy.divide"}, ["analysis.metrics[1].id"]),
    ({"analysis/metrics/1/id": "accuracy_add"}, ["analysis.metrics[1].id"]),
    ({"analysis/metrics/2/labels": ["right", "wrong"]}, ["analysis.metrics[2].hi"]),
    (
        {"analysis/metrics/2/labels": ["right"], "analysis/metrics/2/hi": 0},
        ["analysis.metrics[2].labels"],
    ),
    ({"analysis/metrics/3/labels": ["right"]}, ["analysis.metrics[3].labels"]),
    ({"analysis/metrics/3/hi": -2}, ["analysis.metrics[3].hi"]),
    ({"analysis/metrics/3/hi": 99}, ["analysis.metrics[3].hi"]),
    (
        {"analysis/metrics/1/hi": 2},
        ["analysis.metrics[1].hi", "analysis.metrics[1]"],
    ),
    ({"disclosure/bits_cap": 19}, ["disclosure.bits"]),
    (
        {
            "disclosure/differential_privacy": {
                "epsilon_per_record": "2",
                "epsilon_cap": "1",
                "figures": [NOISE],
            }
        },
        [
            "disclosure.differential_privacy.epsilon_cap",
            "disclosure.differential_privacy.figures",
        ],
    ),
]


@pytest.mark.parametrize(("changes", "expected"), BAD_RULES)
def test_a_broken_rule_is_named(protocol_value, changes, expected):
    for path, new in changes.items():
        _put(protocol_value, path, new)
    assert _paths(protocol_value) == expected


def test_an_unreadable_name_is_not_repeated(protocol_value):
    protocol_value["\x1b[2J"] = protocol_value["x" * 65] = 1
    assert _paths(protocol_value) == ["(unreadable name)"]


def test_all_problems_come_at_once(protocol_value):
    _put(protocol_value, "parties/vendor/key_id", "sha256:" + "a" * 64)
    _put(protocol_value, "analysis/primary", "speed")
    _put(protocol_value, "analysis/metrics/0/n", 1)
    assert _paths(protocol_value) == [
        "parties.vendor.key_id",
        "analysis.primary",
        "analysis.metrics[0].n",
    ]


def test_what_may_be_null_may_be_null(protocol_value):
    protocol_value["claim"]["decision"] = None
    protocol_value["publication"]["embargo_until"] = None
    protocol.build(protocol_value)


def test_a_later_version_names_its_parent(protocol_value):
    protocol_value["identity"].update(version=2, parent="sha256:" + "0" * 64)
    assert protocol.parse(protocol.build(protocol_value)).identity.version == 2


def test_rules_hold_however_the_model_is_made(protocol_value):
    protocol_value["analysis"]["primary"] = "speed"
    with pytest.raises(ValueError, match=r"analysis\.primary"):
        protocol.Protocol.model_validate_json(canonical.dumps(protocol_value))


def test_a_protocol_does_not_change(protocol_value):
    read = protocol.parse(protocol.build(protocol_value))
    with pytest.raises(ValueError, match="frozen"):
        read.budget.requests = 10**6


def test_the_json_schema_describes_every_field():
    schema = protocol.json_schema()
    assert schema["$schema"].endswith("2020-12/schema")
    parts = [schema, *schema["$defs"].values()]
    fields = [field for part in parts for field in part.get("properties", {}).values()]
    assert len(fields) > 90
    for field in fields:
        assert field["description"]
        assert field["x-seen"]
    assert all(part.get("additionalProperties") is False for part in parts)


def test_the_field_table_in_the_documentation_is_in_step():
    assert protocol.field_table() in DOCS.read_text()
