"""Kinds of metric in protocols and reports: each has its own fields, and rules of its own."""

import pytest

from harness.disclosure import cells
from harness.documents import canonical, protocol, report, report_rules
from harness.documents.problems import DocumentInvalid

TURNS = {"metric": "turns", "hi": 10}
STATED = {"metric": None, "hi": 4}
# In place of metric 3 of the fixtures' protocol: scores from -2 to 10, in steps of 10 samples.
KINDS = [
    {"kind": "bounded_count", "lo": 0},
    {"kind": "second_moment"},
    {"kind": "pass_at_k", "lo": 0, "k": 3},
    {"kind": "rate", "lo": 0, "exposure": STATED},
    {"kind": "rate", "lo": 0, "exposure": TURNS},
]
BAD = [
    ({"kind": "bounded_count"}, "lo"),
    ({"kind": "pass_at_k", "k": 3}, "lo"),
    ({"kind": "rate", "exposure": STATED}, "lo"),
    ({"kind": "pass_at_k", "lo": 0}, "k"),
    ({"kind": "pass_at_k", "lo": 0, "k": 0}, "k"),
    ({"kind": "pass_at_k", "lo": 0, "k": 99}, "k"),
    ({"kind": "rate", "lo": 0}, "exposure"),
    ({"kind": "rate", "lo": 0, "exposure": {"metric": None, "hi": 0}}, "exposure.hi"),
    ({"kind": "rate", "lo": 0, "exposure": {"metric": "kind", "hi": 2}}, "exposure"),
    ({"kind": "second_moment", "k": 1}, "k"),
    ({"kind": "bounded_mean", "exposure": STATED}, "exposure"),
    ({"kind": "bounded_mean", "percentiles": [50]}, "percentiles"),
    ({"kind": {}}, "kind"),
    ({"kind": ["rate"]}, "kind"),
]


def _paths(value):
    with pytest.raises(DocumentInvalid) as caught:
        protocol.build(value)
    return [problem.path for problem in caught.value.problems]


@pytest.mark.parametrize("parts", KINDS)
def test_an_entry_is_that_of_its_cell(protocol_value, parts):
    protocol_value["analysis"]["metrics"][3] |= parts
    entry = protocol.parse(protocol.build(protocol_value)).analysis.metrics[3].model_dump()
    assert cells.to_entry(cells.from_entry(entry)) == protocol_value["analysis"]["metrics"][3]


@pytest.mark.parametrize(("parts", "field"), BAD)
def test_what_fits_no_kind_is_named(protocol_value, parts, field):
    protocol_value["analysis"]["metrics"][3] |= parts
    assert f"analysis.metrics[3].{field}" in _paths(protocol_value)


@pytest.mark.parametrize("percents", [[], [50, 50], [90, 50], [0], [100], ["50"]])
def test_percentiles_rise_from_1_to_99(protocol_value, percents):
    metric = protocol_value["analysis"]["metrics"][2]
    metric["percentiles"] = [25, 50]
    protocol.build(protocol_value)
    metric["percentiles"] = percents
    assert _paths(protocol_value)[0].startswith("analysis.metrics[2].percentiles")


@pytest.mark.parametrize(
    ("parts", "threshold", "passes"),
    [
        ({"kind": "bounded_count", "lo": 0}, "1000", True),
        ({"kind": "bounded_count", "lo": 0}, "1001", False),
        ({"kind": "second_moment"}, "100", True),
        ({"kind": "second_moment"}, "-1", False),
        ({"kind": "pass_at_k", "lo": 0, "k": 3}, "1", True),
        ({"kind": "pass_at_k", "lo": 0, "k": 3}, "2", False),
        ({"kind": "rate", "lo": 0, "exposure": STATED}, "2.5", True),
        ({"kind": "rate", "lo": 0, "exposure": STATED}, "2.6", False),
    ],
)
def test_a_threshold_lies_where_the_figure_can(protocol_value, parts, threshold, passes):
    protocol_value["analysis"]["metrics"][3] |= parts
    protocol_value["claim"]["decision"] = {
        "metric": "steps", "threshold": threshold, "margin": "0"
    }  # fmt: skip
    if passes:
        protocol.build(protocol_value)
    else:
        assert _paths(protocol_value) == ["claim.decision.threshold"]


def _check(protocol_value, report_value):
    data = protocol.build(protocol_value)
    report_value["protocol"] = canonical.digest(data)
    read = report.parse(report.build(report_value))
    report_rules.check_against(read, protocol.parse(data), canonical.digest(data))


def test_a_report_has_two_levels_where_the_protocol_has_two_scores(protocol_value, report_value):
    metric, figure = protocol_value["analysis"]["metrics"][3], report_value["metrics"][3]
    metric |= {"kind": "rate", "lo": 0, "exposure": TURNS}
    figure["kind"] = "rate"
    with pytest.raises(DocumentInvalid, match="labels or parts"):
        _check(protocol_value, report_value)
    del figure["level"]
    figure |= {"levels": [4, 2], "shown": "2.000"}
    _check(protocol_value, report_value)
    for wrong in ({"levels": [4, 0]}, {"shown": None}, {"levels": [4, 11]}, {"levels": [4]}):
        report_value["metrics"][3] = figure | wrong
        with pytest.raises(DocumentInvalid):
            report.build(report_value)
    report_value["metrics"][3] = figure
    metric["exposure"] = STATED
    with pytest.raises(DocumentInvalid, match="labels or parts"):
        _check(protocol_value, report_value)


def test_a_report_has_the_percentiles_of_the_protocol(protocol_value, report_value):
    protocol_value["analysis"]["metrics"][2]["percentiles"] = [50]
    with pytest.raises(DocumentInvalid, match="labels or parts"):
        _check(protocol_value, report_value)
    figure = report_value["metrics"][2]
    figure["percentiles"] = [{"percent": 50, "label": "right"}]
    _check(protocol_value, report_value)
    figure["percentiles"][0]["label"] = "other"
    with pytest.raises(DocumentInvalid, match="name a category"):
        report.build(report_value)
    figure["percentiles"][0] = {"percent": 60, "label": "right"}
    with pytest.raises(DocumentInvalid, match="labels or parts"):
        _check(protocol_value, report_value)
