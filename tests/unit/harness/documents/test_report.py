import pytest

from harness.documents import canonical, protocol, report, report_rules
from harness.documents.problems import DocumentInvalid


def _put(value, path, new):
    *way, last = [int(part) if part.isdigit() else part for part in path.split("/")]
    for part in way:
        value = value[part]
    value[last] = new


def _paths(value):
    with pytest.raises(DocumentInvalid) as caught:
        report.parse(canonical.dumps(value))
    return [problem.path for problem in caught.value.problems]


def test_a_valid_report_keeps_its_bytes(report_value):
    data = report.build(report_value)
    assert report.parse(data).to_bytes() == data == canonical.dumps(report_value)


BAD = [
    ("extra", 1, ["extra"]),
    ("metrics/0/level", 17.0, None),
    ("metrics/0/level", True, ["metrics[0].level"]),
    ("metrics/0/level", -1, ["metrics[0].level"]),
    ("metrics/0/level", 21, ["metrics[0].level"]),
    ("metrics/0/levels", [17], ["metrics[0].levels"]),
    ("metrics/0/note", "words", ["metrics[0].note"]),
    ("metrics/0/shown", "NaN", ["metrics[0].shown"]),
    ("metrics/0/kind", "histogram", None),
    ("metrics/0/interval/low", "0.95", ["metrics[0].interval"]),
    ("metrics/0/interval/method", "guess", ["metrics[0].interval.method"]),
    ("metrics/3/id", "outcome", ["metrics[3].id"]),
    ("metrics/2/levels", [17, 2, 2], ["metrics[2].levels"]),
    ("metrics/2/levels", [17, 3], ["metrics[2].shown"]),
    ("metrics/2/shown/Ok", "0.1", ["metrics[2].shown.Ok"]),
    ("run/attempt_line/0/ordinal", 2, ["run.attempt_line"]),
    ("run/attempt_line/1/outcome", "FAILED", ["run.attempt_line"]),
    ("run/attempt_line/0/outcome", "OOM", ["run.attempt_line[0].outcome"]),
    ("run/ordinal", 4, ["run.attempt_line"]),
    ("run/of", 2, ["run.attempt_line"]),
    ("completeness", "97 %", ["completeness"]),
    ("claim/verdict", "good", ["claim.verdict"]),
    ("disclosure/pair_total_bits", "19.403", ["disclosure.pair_total_bits"]),
    ("verified/0/status", "sure", ["verified[0].status"]),
    ("released_at", "2026-11-31T12:00:00Z", ["released_at"]),
]


@pytest.mark.parametrize(("path", "new", "expected"), BAD)
def test_a_bad_report_is_refused(report_value, path, new, expected):
    _put(report_value, path, new)
    if expected is None:
        with pytest.raises((DocumentInvalid, canonical.CanonicalError)):
            report.build(report_value)
    else:
        assert _paths(report_value) == expected


def test_refunded_slots_do_not_count_against_the_maximum(report_value):
    report_value["run"]["of"] = 2
    report_value["run"]["attempt_line"][0]["outcome"] = "REFUNDED"
    report.build(report_value)


def _check(protocol_value, report_value):
    data = protocol.build(protocol_value)
    report_value["protocol"] = canonical.digest(data)
    read = report.parse(report.build(report_value))
    report_rules.check_against(read, protocol.parse(data), canonical.digest(data))


def test_a_report_of_the_agreed_shape_passes(protocol_value, report_value):
    _check(protocol_value, report_value)


MISFITS = [
    ("run/of", 4, "run.of"),
    ("suite", "sha256:" + "0" * 64, "suite"),
    ("image", "sha256:" + "0" * 64, "image"),
    ("model/snapshot", "2026-10-02", "model.snapshot"),
    ("claim/sentence", "The model is perfect.", "claim.sentence"),
    ("claim/verdict", "none", "claim.verdict"),
    ("completeness", "≥ 99 %", "completeness"),
    ("disclosure/alphabet", "2", "disclosure.alphabet"),
    ("disclosure/bits", "19.403", "disclosure.bits"),
    ("disclosure/pair_cap_bits", "513", "disclosure.pair_cap_bits"),
    ("deviations", ["late_start"], "deviations"),
    ("metrics/0/id", "accuracy_all", "metrics"),
    ("metrics/0/unit", 6, "metrics"),
    ("metrics/1/group/label", "divide", "metrics"),
    ("metrics/2/shown", {"right": "0.9", "wrong": "0.1", "other": "0"}, "metrics"),
]


@pytest.mark.parametrize(("path", "new", "problem"), MISFITS)
def test_a_report_of_another_shape_is_refused(protocol_value, report_value, path, new, problem):
    _put(report_value, path, new)
    with pytest.raises(DocumentInvalid) as caught:
        _check(protocol_value, report_value)
    assert [found.path for found in caught.value.problems] == [problem]


def test_missing_extra_or_reordered_metrics_are_refused(protocol_value, report_value):
    metrics = report_value["metrics"]
    extra = {**metrics[0], "id": "more"}
    for wrong in (metrics[:-1], [*metrics, extra], metrics[::-1]):
        report_value["metrics"] = wrong
        with pytest.raises(DocumentInvalid):
            _check(protocol_value, report_value)


def test_the_digest_must_be_that_of_the_protocol(protocol_value, report_value):
    data = protocol.build(protocol_value)
    read = report.parse(report.build(report_value))
    with pytest.raises(DocumentInvalid, match=r"^protocol: is not what the protocol says$"):
        report_rules.check_against(read, protocol.parse(data), canonical.digest(data))
