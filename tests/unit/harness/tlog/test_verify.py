import json
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from harness.tlog import trust_root
from harness.tlog.verify import verify
from tests.unit.harness.tlog.chain import Story, b64, honest, root_bytes

PIN = trust_root.digest(root_bytes())
NAMES = [
    "bundle-canonical",
    "trust-root",
    "checkpoint-signature",
    "inclusion",
    "statement-signatures",
    "keys",
    "report-bytes",
    "protocol-bytes",
    "approvals",
    "activation",
    "order",
    "ordinals",
    "shape",
    "bits",
]


def test_an_honest_bundle_passes():
    verdict = verify(honest().bundle(), PIN)
    assert [(c.name, c.detail) for c in verdict.checks if not c.ok] == []
    assert [c.name for c in verdict.checks] == NAMES
    assert (verdict.passed, verdict.pinned, verdict.exit_status) == (True, True, 0)


def test_the_pin_may_be_the_root_itself():
    assert verify(honest().bundle(), root_bytes()).passed


def test_unpinned_is_consistent_but_never_passes():
    verdict = verify(honest().bundle(), None)
    assert verdict.consistent
    assert (verdict.passed, verdict.pinned, verdict.exit_status) == (False, False, 3)
    assert "UNPINNED" in verdict.checks[1].detail


@pytest.mark.parametrize(
    "pin",
    ["sha256:" + "0" * 64, root_bytes(log="other-log"), "", "sha256:", PIN.upper(), b"", PIN[:-1]],
    ids=["zeros", "another", "empty", "bare", "upper", "no-bytes", "short"],
)
def test_a_wrong_pin_fails(pin):
    verdict = verify(honest().bundle(), pin)
    assert verdict.failures == ("trust-root",)
    assert verdict.exit_status == 1


def test_an_attacker_with_keys_of_his_own_fails_the_pin_only():
    # Everything fits together under his trust root: that is what pinning is for.
    story = honest()
    forged = story.bundle(
        trust_root=root_bytes(log="other-log"), checkpoint=story.note(log="other-log")
    )
    assert verify(forged, None).consistent
    assert verify(forged, PIN).failures == ("trust-root",)


def test_the_summary_says_what_the_report_says():
    report = verify(honest().bundle(), PIN).report
    assert (report.auditor, report.vendor) == ("Example University", "Example Models")
    assert [(f.id, f.shown) for f in report.figures] == [("accuracy", "0.561")]
    assert (report.attempt, report.attempts, report.bits) == (1, ("RELEASED",), "8.055")


def test_plain_values_are_json():
    plain = json.loads(json.dumps(verify(honest().bundle(), PIN).to_plain()))
    assert plain["passed"] is True
    assert [check["name"] for check in plain["checks"]] == NAMES


def test_terminal_control_characters_are_replaced():
    story = honest()
    story.terms["system"]["model"] = "a\x1b[2Jb\u202e"
    story = honest(
        story.terms, model={"vendor": "Example Models", "model": "a\x1b[2Jb\u202e", "snapshot": "1"}
    )
    verdict = verify(story.bundle(), PIN)
    assert verdict.passed
    assert verdict.report.model == "a\ufffd[2Jb\ufffd"


def test_two_runs_one_failed_one_refunded_one_pending():
    story = Story().agree().run(1, "FAILED")
    story.start(2)
    story.refund(2)
    story.start(3)
    story.end(3)
    story.write(3).publish(3)
    assert verify(story.bundle(), PIN).passed
    other = Story().agree()
    other.start(1)
    other.run(2).write(2).publish(2)
    assert other.line == [
        {"ordinal": 1, "outcome": "PENDING"},
        {"ordinal": 2, "outcome": "RELEASED"},
    ]
    assert verify(other.bundle(), PIN).passed


def test_two_reports_of_two_runs():
    story = honest()
    story.run(2).write(2).publish(2)
    assert verify(story.bundle(), PIN).passed


def test_leaves_of_others_may_stand_between():
    story = Story().agree()
    stranger = story.propose(note="another agreement's leaf")
    story.run(1).write().publish()
    entries = [e for e in story.entries() if e.index != stranger.index]
    assert verify(story.bundle(entries=entries), PIN).passed


def test_a_withheld_receipt_is_a_leaf_only():
    story = Story().agree()
    story.start(1)
    story.log("run-receipt", "server", story.about, {"run": "run1"})
    story.end(1)
    story.write().publish()
    entries = [replace(e, envelope=None) if e.kind == "run-receipt" else e for e in story.entries()]
    assert verify(story.bundle(entries=entries), PIN).passed


def test_other_spacing_fails_by_name():
    data = honest().bundle()
    spaced = json.dumps(json.loads(data), ensure_ascii=False, sort_keys=True).encode()
    verdict = verify(spaced, PIN)
    assert verdict.failures == ("bundle-canonical",)


def test_loose_base64_fails_by_name():
    value = json.loads(honest().bundle())
    # The same bytes with other unused bits in the last character.
    text = value["entries"][0]["verifier"]
    assert text.endswith("=")
    stem = text.rstrip("=")
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    loose = stem[:-1] + last[last.index(stem[-1]) + 1] + "=" * (len(text) - len(stem))
    value["entries"][0]["verifier"] = loose
    data = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    assert "bundle-canonical" in verify(data, PIN).failures


def test_unreadable_bytes_fail_every_check():
    verdict = verify(b"no bundle", PIN)
    assert list(verdict.failures) == NAMES
    assert verdict.report is None


def test_duplicate_keys_are_refused():
    data = honest().bundle()
    assert data.endswith(b"}")
    doubled = data[:-1] + b',"trust_root":"' + b64(root_bytes()).encode() + b'"}'
    assert "bundle-canonical" in verify(doubled, PIN).failures


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"1" * 5000,
        b"1e999",
        b"NaN",
        b'"\\ud800"',
        b"{}",
        b"null",
        b"[]",
        b'{"schema":"assay.bundle/1"}',
    ],
)
def test_hostile_json_is_refused(data):
    verdict = verify(data, PIN)
    assert list(verdict.failures) == NAMES
    assert not any(c.detail == "could not be evaluated" for c in verdict.checks)


def test_verification_is_quick():
    data = honest().bundle()
    verify(data, PIN)
    best = min(_timed(data) for _ in range(5))
    assert best < 0.05


def _timed(data):
    before = time.perf_counter()
    verify(data, PIN)
    return time.perf_counter() - before


def test_the_verifier_loads_no_database_queue_engine_or_models():
    code = (
        "import sys, harness.tlog.verify\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "print(sorted(loaded & {'sqlalchemy', 'celery', 'docker', 'pydantic', 'socket',"
        " 'subprocess', 'rfc8785'}))\n"
        "print(sorted(n for n in sys.modules if n.startswith('harness.')"
        " and not n.startswith('harness.tlog')))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "[]\n[]\n"
