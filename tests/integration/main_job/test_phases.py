"""Generating apart from scoring, through real containers: what is where, and what comes of it."""

import importlib.util
import json
from pathlib import Path

import docker
import pytest

from harness.documents import suite_rows
from harness.services import suites
from harness.services.agreements.terms import Terms
from tests.integration.gateway.scripted_vendor import status
from tests.integration.main_job.carrying import carry, report, row, verified
from tests.support import world as worlds
from tests.support.scripted import ScriptedVendor, right
from tests.support.waiting import until

pytestmark = pytest.mark.docker

SAMPLES = 20
TERMS = Terms(run_wall_clock_s=40, start_within_s=60, release="on_completion", grid_s=1)
HOSTILE = Path(__file__).parents[2] / "hostile" / "sandbox" / "scorer_that_remembers.py"


@pytest.fixture(scope="module")
def vendor():
    running = ScriptedVendor(default=right)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def model(world, vendor):
    return world.model(vendor.base_url, name="sums", credential="phases-key")


def scored_by(source: str, metrics: list[str], suite_id: str) -> dict[str, bytes]:
    """Author's files of a suite whose own program scores these metrics, each 0 or 1."""
    files = worlds.suite_files(
        worlds.simple_questions(SAMPLES), suite_id=suite_id, phases="separate"
    )
    head, _, _ = files["suite.yaml"].decode().partition("metrics:\n")
    lines = [
        "program: {file: scorer.py, seconds: 2}",
        "metrics:",
        *(
            f"  - {{id: {name}, score: {{type: int, lo: 0, hi: 1}}, worst: 0,"
            " scorer: {name: program}}"
            for name in metrics
        ),
        "aggregates:",
        *(
            f"  - {{id: {name}_rate, metric: {name}, kind: proportion, unit: 5}}"
            for name in metrics
        ),
        f"primary: {metrics[0]}_rate",
        "public_samples: [q0, q1, q2]",
        "",
    ]
    suite = (head + "\n".join(lines)).encode()
    return files | {"suite.yaml": suite, "scorer.py": source.encode()}


def run(world, model, files, **terms):
    protocol = world.agree(world.suite(files), TERMS.model_copy(update=terms), model)
    run_id = world.reserve(protocol)
    totals = carry(world, run_id)
    return run_id, totals


def released(world, run_id):
    until(lambda: row(world, run_id).state == "RELEASED", 60, "the report")
    return report(world, run_id)


def checked(told, what):
    return next(item for item in told["verified"] if item["what"] == what)


def test_our_scorers_count_the_same_when_the_phases_are_apart(world, model):
    files = worlds.suite_files(worlds.simple_questions(SAMPLES), "apart", phases="separate")
    run_id, totals = run(world, model, files)
    assert totals == [SAMPLES]
    told = released(world, run_id)
    assert (told["phases"], told["scorer_mode"]) == ("separate", "declarative")
    assert checked(told, "answer keys")["status"] == "attested"
    # One of two levels or FAILED, at one of 101 slots: a long reply can put off the end.
    assert "at most 8.243 bits" in checked(told, "a single output")["note"]
    assert verified(world, run_id)


def test_a_program_of_the_suite_can_count_and_nothing_else(world, model):
    source = HOSTILE.read_text()
    names = ["correct", *attempts().ATTEMPTS]
    run_id, totals = run(world, model, scored_by(source, names, "hostile"), bits_cap=64)
    assert dict(zip(names, totals, strict=True)) == {
        "correct": SAMPLES,
        **dict.fromkeys(attempts().ATTEMPTS, 0),
    }
    told = released(world, run_id)
    assert told["scorer_mode"] == "isolated"
    assert checked(told, "a single output")["status"] == "not covered"
    assert verified(world, run_id)


def attempts():
    """The hostile scorer as a plain module, without any confinement."""
    spec = importlib.util.spec_from_file_location("scorer_that_remembers", HOSTILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PLAIN = """
import json, os, socket, sys
os.makedirs("/assay", exist_ok=True)
open("/assay/run.json", "w").close()
door = socket.socket(socket.AF_UNIX)
door.bind("/assay/gateway.sock")
door.listen(9)
space = {"__name__": "scorer"}
exec(sys.argv[1], space)
for _ in range(2):
    found = space["score"]("A: 1", {"target": "1"})
print("", json.dumps(found), sep="\\n")
"""


def test_the_same_program_does_all_of_it_elsewhere(engine, image_id):
    """The control: in a plain container of the same image every attempt works."""
    del engine
    client = docker.from_env()
    try:
        said = client.containers.run(
            image_id,
            ["python3", "-c", PLAIN, HOSTILE.read_text()],
            working_dir="/tmp",
            network_mode="none",
            remove=True,
        )
    finally:
        client.close()
    found = json.loads(said.splitlines()[-1])
    assert found == {"correct": 1, **dict.fromkeys(attempts().ATTEMPTS, 1)}


BROKEN = """
def score(output, sample):
    place = int(sample["id"][1:])
    if place == 0:
        raise ValueError(output)
    if place == 1:
        return {"correct": True}
    if place == 2:
        return {"correct": 1.0}
    if place == 3:
        return {"correct": 2}
    if place == 4:
        return "x" * 5000
    if place == 5:
        return {"correct": 1, "more": output}
    if place == 6:
        import os
        os._exit(0)
    if place == 7:
        while True:
            pass
    if place == 8:
        return [1] * 10**9
    if place == 9:
        return {"other": 1}
    if place == 10:
        import os, time
        started = time.monotonic()
        for end in range(3, 64):
            try:
                while True:
                    os.write(end, b" ")
                    step = time.monotonic()
                    while time.monotonic() < step + 0.5:
                        if time.monotonic() > started + 30:
                            return {"correct": 1}
            except OSError:
                continue
    return {"correct": int(output.endswith("A: " + sample["target"]))}
"""


def test_a_program_that_fails_scores_worst_and_the_run_goes_on(world, model):
    _, totals = run(world, model, scored_by(BROKEN, ["correct"], "broken"))
    # What is declared counts, also beside what is not: text cannot leave, an integer may.
    assert totals == [SAMPLES - 10]


def test_a_call_without_an_answer_scores_worst_and_is_not_shown_to_the_program(
    world, vendor, model
):
    source = "def score(output, sample):\n    return {'correct': 1}\n"
    # After a reply, one failed call with the one retry that the protocol allows.
    vendor.plays(right, *[status("500 Internal Server Error")] * 2)
    files = scored_by(source, ["correct"], "unanswered")
    _, totals = run(world, model, files, retries=1, concurrency=1)
    assert totals == [SAMPLES - 1]


def test_no_key_is_in_the_container_that_asks():
    """Looked at on the host: the files that the first container is given."""
    archive = suites.build(scored_by(BROKEN, ["correct"], "looked_at"))
    parsed, files = suites.open_archive(archive)
    asked = suite_rows.without_answers(parsed, files)
    assert set(asked) == {"suite.json", "prompts.jsonl"}
    rows = [json.loads(line) for line in asked["prompts.jsonl"].splitlines()]
    assert rows == [{"prompt": prompt} for prompt, _ in worlds.simple_questions(SAMPLES)]
