"""What a vendor does wrong, or what runs out: how a whole run ends, and who sees what."""

import itertools
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.documents import canonical
from harness.documents import envelope as envelopes
from harness.errors import Conflict
from harness.records import ledger, log
from harness.services.access import Actor
from harness.services.agreements.terms import Terms
from harness.services.platform import images, outbox
from harness.services.runs import view
from sandbox.container.docker import DockerRuntime
from tests.integration.gateway.scripted_vendor import (
    close_at_once,
    completion,
    cut_body,
    hang,
    raw_body,
    status,
)
from tests.integration.main_job.carrying import at, carry, report, row, seen_by, verified
from tests.support import world as worlds
from tests.support.scripted import ScriptedVendor, right, saying
from tests.support.waiting import until

pytestmark = pytest.mark.docker

SAMPLES = 40
QUICK = Terms(
    run_wall_clock_s=30,
    start_within_s=60,
    release="on_completion",
    grid_s=1,
    request_timeout_s=10,
    retries=1,
)
PLACES = 64
FIXED = QUICK.model_copy(update={"release": "fixed"})
FAULTS = {
    "slow": hang,
    "429": status("429 Too Many Requests", "Retry-After: 1"),
    "503": status("503 Service Unavailable"),
    "malformed": raw_body(b'{"choices": ['),
    "truncated": cut_body(completion()),
    "closed": close_at_once,
}
VENDOR = Actor(worlds.VENDOR, "vendor")
_numbers = itertools.count()


@pytest.fixture
def vendor():
    vendor = ScriptedVendor(default=right)
    yield vendor
    vendor.stop()


@pytest.fixture(scope="module")
def suite(world):
    return world.suite(worlds.suite_files(worlds.simple_questions(SAMPLES)))


@pytest.fixture
def agree(world, suite, vendor):
    """Agree on a protocol with a model of its own, at the scripted vendor or elsewhere."""

    def agree(terms=QUICK, base_url=None, window=None):
        model = world.model(base_url or vendor.base_url, name=f"model-{next(_numbers)}")
        value = canonical.loads(world.draft(suite, terms, model))
        if window is not None:
            value["budget"]["window"] = window
        protocol = world.propose(canonical.dumps(value))
        world.sign(protocol)
        return protocol

    return agree


def statements(world, kind, run_id):
    """Predicates of the statements of one kind about a run that are in the log."""
    with world.platform.database.read() as session:
        found = [item for item in log.find(session, kind, run=run_id) if item.index is not None]
    return [json.loads(envelopes.parse(item.envelope).payload)["predicate"] for item in found]


def charged(world, run_id):
    with world.platform.database.read() as session:
        return ledger.charge_of(session, run_id) is not None


def assert_ended(world, run_id, state):
    """The vendor sees the state at once; the auditor sees FAILED at the slot, and no report."""
    assert seen_by(world, worlds.VENDOR, run_id).inside.state == state
    assert seen_by(world, worlds.AUDITOR, run_id).outcome == "PENDING"
    assert statements(world, "run-end", run_id) == []
    later = at(world, row(world, run_id).slot_at - time.time() + 1)
    later.settle()
    auditor = seen_by(later, worlds.AUDITOR, run_id)
    assert (auditor.outcome, auditor.inside) == ("FAILED", None)
    assert [end["outcome"] for end in statements(later, "run-end", run_id)] == ["FAILED"]
    assert charged(world, run_id)
    assert row(world, run_id).report is None
    assert statements(later, "report", run_id) == []
    with pytest.raises(Conflict, match="there is no report"):
        report(later, run_id)


def test_passing_faults_are_retried_within_the_budget(world, vendor, agree):
    vendor.plays(*FAULTS.values())
    terms = QUICK.model_copy(update={"retries": len(FAULTS), "request_timeout_s": 3})
    run_id = world.reserve(agree(terms))
    assert carry(world, run_id) == [SAMPLES]
    assert row(world, run_id).state == "RELEASED"
    (receipt,) = statements(world, "run-receipt", run_id)
    assert receipt["requests"] == receipt["replies"] == SAMPLES
    assert receipt["retries"] == len(FAULTS)
    assert verified(world, run_id)


@pytest.mark.parametrize("fault", FAULTS)
def test_down_before_any_reply_gives_slot_and_bits_back(world, vendor, agree, fault):
    vendor.default = FAULTS[fault]
    protocol = agree(QUICK.model_copy(update={"request_timeout_s": 3}))
    run_id = world.reserve(protocol)
    with pytest.raises(Conflict, match="all 1 agreed runs are used"):
        world.reserve(protocol)
    assert carry(world, run_id) == []
    assert row(world, run_id).state == "INVALID_INFRA"
    assert seen_by(world, worlds.AUDITOR, run_id).outcome == "REFUNDED"
    assert not charged(world, run_id)
    assert len(statements(world, "run-refund", run_id)) == 1
    vendor.default = right
    again = world.reserve(protocol)
    assert carry(world, again) == [SAMPLES]
    line = [item["outcome"] for item in report(world, again)["run"]["attempt_line"]]
    assert line == ["REFUNDED", "RELEASED"]
    assert verified(world, again)


def test_nobody_listens(world, agree):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        run_id = world.reserve(agree(base_url=url))
        assert carry(world, run_id) == []
    assert row(world, run_id).state == "INVALID_INFRA"
    assert not charged(world, run_id)


@pytest.mark.parametrize("fault", ["503", "malformed"])
def test_failing_after_some_replies_scores_worst(world, vendor, agree, fault):
    vendor.plays(*[right] * 30)
    vendor.default = FAULTS[fault]
    run_id = world.reserve(agree())
    assert carry(world, run_id) == [30]
    (metric,) = report(world, run_id)["metrics"]
    assert (metric["n"], metric["level"], metric["shown"]) == (SAMPLES, 6, "0.750")
    assert verified(world, run_id)


@pytest.mark.parametrize("budget", [{"requests": 25}, {"tokens_out": 1024}])
def test_an_exhausted_budget_releases_nothing(world, vendor, agree, budget):
    vendor.default = saying(completion_tokens=100)
    run_id = world.reserve(agree(FIXED.model_copy(update=budget)))
    assert carry(world, run_id) == []
    assert_ended(world, run_id, "OVER_BUDGET")
    assert 0 < len(vendor.seen) < SAMPLES
    assert seen_by(world, worlds.VENDOR, run_id).inside.requests >= len(vendor.seen)


# When the time is over, the guest is waiting for replies or asks for more: the same ending.
@pytest.mark.parametrize("timeout_s", [1, 60])
def test_an_expired_window_releases_nothing(world, vendor, agree, timeout_s):
    # The slot was reserved early enough for a whole run, but the run starts late.
    end = int(time.time()) + 15
    window = {"start": outbox.timestamp(end - 3600), "end": outbox.timestamp(end)}
    vendor.plays(*[right] * 10)
    vendor.default = hang
    terms = FIXED.model_copy(update={"request_timeout_s": timeout_s})
    run_id = at(world, -28).reserve(agree(terms, window=window))
    assert carry(world, run_id) == []
    assert_ended(world, run_id, "OVER_BUDGET")


@pytest.mark.parametrize("timeout_s", [1, 60])
def test_a_run_that_takes_too_long_releases_nothing(world, vendor, agree, timeout_s):
    vendor.plays(*[right] * 10)
    vendor.default = hang
    terms = FIXED.model_copy(update={"run_wall_clock_s": 10, "request_timeout_s": timeout_s})
    run_id = world.reserve(agree(terms))
    assert carry(world, run_id) == []
    assert_ended(world, run_id, "FAILED")


def test_a_stop_by_the_vendor_ends_a_run_within_two_seconds(world, vendor, agree):
    vendor.plays(*[right] * 10)
    vendor.default = hang
    run_id = world.reserve(agree(FIXED.model_copy(update={"request_timeout_s": 60})))
    with ThreadPoolExecutor(1) as pool:
        carrying = pool.submit(carry, world, run_id)
        until(lambda: len(vendor.seen) > 10, 60, "the vendor is asked")
        asked = time.monotonic()
        with world.platform.database.write() as session:
            view.stop(session, world.platform, VENDOR, run_id)
        until(lambda: row(world, run_id).state == "ABORTED", 60, "the run ends")
        assert time.monotonic() - asked < 2
        assert DockerRuntime().list(images.owner(world.platform)) == ()
        assert carrying.result() == []
    assert row(world, run_id).category == f"stopped:{worlds.VENDOR}"
    assert_ended(world, run_id, "ABORTED")
