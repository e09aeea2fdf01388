"""GSM8K, played back: 1,319 questions and four recorded models through the whole main job."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import queue
from harness.services.agreements.terms import Terms
from tests.integration.main_job.carrying import carry, report, row, verified
from tests.integration.main_job.worker_process import worker
from tests.support import replay, selftested
from tests.support import world as worlds
from tests.support.waiting import until

pytestmark = [pytest.mark.docker, pytest.mark.slow]

# Right answers by `is_correct` of the data itself, then level (m = 5) and shown figure.
EXPECTED = {
    "6b_finetuning": (286, 57, "0.216"),
    "6b_verification": (515, 103, "0.390"),
    "175b_finetuning": (458, 92, "0.349"),
    "175b_verification": (742, 148, "0.561"),
}
KEY = "replay-key"
TERMS = Terms(run_wall_clock_s=45, start_within_s=20, grid_s=10)


@pytest.fixture(scope="module")
def recorded(shared_data):
    """Solutions by model and question."""
    lines = (shared_data / "gsm8k" / "example_model_solutions.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    return {name: {r["question"]: r[name]["solution"] for r in rows} for name in EXPECTED}


@pytest.fixture(scope="module")
def questions(shared_data):
    lines = (shared_data / "gsm8k" / "test.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    return [
        (row["question"], row["answer"].rpartition("#### ")[2].replace(",", "")) for row in rows
    ]


@pytest.fixture(scope="module")
def vendor(recorded):
    with replay.running(recorded, KEY) as address:
        yield address


@pytest.fixture(scope="module")
def suite(world, vendor, questions, image_id):
    for name in EXPECTED:
        url = f"{vendor}/{name}/v1"
        world.model(url, name=f"gsm8k-{name}", upstream=name, credential=KEY)
    selftested.remember(world.platform, image_id)
    return world.suite(worlds.suite_files(questions, "gsm8k", phases="separate"))


def figure(world, run_id):
    (metric,) = report(world, run_id)["metrics"]
    return metric["level"], metric["shown"]


def test_all_questions_for_four_models(world, suite):
    agreed = {name: world.agree(suite, TERMS, f"gsm8k-{name}") for name in EXPECTED}
    runs = {name: world.reserve(protocol) for name, protocol in agreed.items()}
    with ThreadPoolExecutor(len(runs)) as pool:
        totals = dict(
            zip(runs, pool.map(lambda run: carry(world, run), runs.values()), strict=True)
        )
    assert totals == {name: [correct] for name, (correct, _, _) in EXPECTED.items()}
    for name, run_id in runs.items():
        assert figure(world, run_id) == EXPECTED[name][1:]
        disclosure = report(world, run_id)["disclosure"]
        assert (disclosure["bits"], disclosure["alphabet"]) == ("8.055", "266")
        assert verified(world, run_id)
    ended = [row(world, run_id) for run_id in runs.values()]
    assert max(run.started_at for run in ended) < min(run.visible_at for run in ended)
    assert all(run.visible_at == run.slot_at for run in ended)


def test_one_model_through_a_worker(world, suite, tmp_path):
    name = "175b_verification"
    terms = TERMS.model_copy(
        update={"release": "on_completion", "grid_s": 1, "start_within_s": 300}
    )
    run_id = world.reserve(world.agree(suite, terms, f"gsm8k-{name}"))
    queue.nudge(queue.celery(world.platform.settings), run_id)
    with worker(world, tmp_path / "worker.log"):
        until(lambda: row(world, run_id).ended_at, 300, "the run ends")
    assert row(world, run_id).category == "released"
    assert figure(world, run_id) == EXPECTED[name][1:]
    assert verified(world, run_id)
