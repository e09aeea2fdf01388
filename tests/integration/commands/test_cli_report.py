"""A report for people: in the order of its page, with nothing left out."""

from harness.cli.report import show_report

REPORT = {
    "protocol": "sha256:" + "a" * 64,
    "run": {
        "ordinal": 2,
        "of": 3,
        "attempt_line": [
            {"ordinal": 1, "outcome": "FAILED"},
            {"ordinal": 2, "outcome": "RELEASED"},
        ],
    },
    "model": {"vendor": "maker", "model": "small", "snapshot": "one"},
    "claim": {"sentence": "It counts to ten", "verdict": "inconclusive"},
    "metrics": [
        {
            "id": "accuracy",
            "n": 1319,
            "shown": "0.561",
            "interval": {"low": "0.532", "high": "0.590", "method": "wilson"},
        },
        {"id": "mood", "n": 20, "shown": {"good": "0.750", "bad": "0.250"}, "interval": None},
    ],
    "completeness": "≥ 99 %",
    "disclosure": {"bits": "8.055", "pair_total_bits": "16.110", "pair_cap_bits": "512.000"},
    "verified": [{"what": "isolation", "status": "attested", "note": "self-test"}],
    "deviations": [],
    "released_at": "2026-01-02T03:04:10Z",
}


def test_everything_is_shown_in_the_order_of_the_page(capsys):
    show_report(REPORT)
    text = capsys.readouterr().out
    found = [
        text.index(part)
        for part in (
            "It counts to ten",
            "inconclusive",
            "0.532 to 0.590 (wilson)",
            "good 0.750, bad 0.250",
            "small (one) of maker",
            "≥ 99 %",
            "2 of at most 3 (1 failed, 2 released)",
            "none named",
            "attested",
            "8.055 bits in this report; 16.110 of 512.000 in a rolling year",
            "2026-01-02T03:04:10Z",
            "sha256:aaaa",
        )
    ]
    assert found == sorted(found)


def test_what_is_not_shown_is_said(capsys):
    show_report(REPORT | {"completeness": None, "deviations": ["late_start"]})
    text = capsys.readouterr().out
    assert "not shown, by agreement" in text
    assert "late_start" in text
