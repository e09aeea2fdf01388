"""What a suite asks of its container: within the operator's caps, and of an image that has it."""

import json

import pytest

from evals.manifest import Limits as Asked
from harness.errors import InvalidInput, Unavailable
from harness.records import platform as platform_rows
from harness.records import runs
from harness.records.base import Act
from harness.services.agreements.terms import Terms
from harness.services.release import execute
from harness.services.runs import compile as compiling
from sandbox.container.flavours import stages
from sandbox.spec import Limits
from tests.support import copies
from tests.support import world as worlds

PLAIN = b"six==1.17.0 --hash=sha256:" + b"4" * 64 + b"\n"


def files(asks: str, **more: bytes) -> dict[str, bytes]:
    return worlds.suite_files(worlds.simple_questions(40), asks=asks) | more


def locked(lock: bytes, flavour: str = "base") -> dict[str, bytes]:
    asks = f"runtime: {{flavour: {flavour}, lock: {{file: wheels.lock}}}}"
    return files(asks, **{"wheels.lock": lock})


@pytest.fixture
def world(tmp_path):
    world = worlds.make(tmp_path / "data", max_memory_mib=1024)
    world.image()
    world.model()
    yield world
    world.platform.database.close()


def add_image(world, image_id, flavour, lock=""):
    row = platform_rows.Image(
        id=image_id, flavour=flavour, lock=lock, packages={}, added_at=world.platform.clock()
    )
    with world.platform.database.write() as session:
        platform_rows.put_image(session, row, Act("operator", "add image", 1.0))
    return image_id


def test_limits_beyond_the_caps_are_refused_with_each_cap(world):
    with pytest.raises(InvalidInput) as caught:
        world.suite(files("limits: {memory_mib: 1025, cpus: 3, processes: 64}"))
    assert caught.value.problems == (
        "limits.memory_mib: 1025 is asked for, this operator allows at most 1024",
        "limits.cpus: 3 is asked for, this operator allows at most 2",
    )
    assert world.suite(files("limits: {memory_mib: 1024, cpus: 2}"))


def test_a_cap_that_was_lowered_refuses_the_next_protocol(world, tmp_path):
    digest = world.suite(files("limits: {memory_mib: 1024}"))
    body = world.draft(digest, Terms())
    stricter = copies.copy(world, tmp_path / "stricter", max_memory_mib=1023)
    with pytest.raises(InvalidInput, match=r"harness.limits.memory_mib: 1024 .* at most 1023"):
        stricter.propose(body)
    stricter.platform.database.close()
    assert world.propose(body)


def test_the_protocol_states_the_limits_that_the_kernel_gets(world):
    digest = world.suite(files("limits: {memory_mib: 1024}"))
    body = json.loads(world.draft(digest, Terms()))
    assert body["harness"]["limits"] == Asked(memory_mib=1024)._asdict()
    body["harness"]["limits"]["memory_mib"] = 512
    with pytest.raises(InvalidInput, match=r"harness.limits: the suite's own are memory_mib 1024"):
        world.propose(json.dumps(body, sort_keys=True, separators=(",", ":")).encode())


def test_a_suite_that_asks_for_nothing_gets_the_usual_limits():
    class Agreed:
        class harness:  # noqa: N801
            limits = Asked()

    assert compiling.limits(Agreed) == Limits()


def test_a_protocol_pins_an_image_of_the_suites_flavour(world):
    digest = world.suite(files("runtime: {flavour: lm-eval}"))
    with pytest.raises(Unavailable, match=r"assay images build --flavour lm-eval"):
        world.draft(digest, Terms())
    theirs = add_image(world, "sha256:" + "22" * 32, "lm-eval")
    body = json.loads(world.draft(digest, Terms()))
    assert body["suite"]["image"] == theirs
    body["suite"]["image"] = worlds.IMAGE
    with pytest.raises(InvalidInput, match=r"is of flavour base, the suite needs lm-eval"):
        world.propose(json.dumps(body, sort_keys=True, separators=(",", ":")).encode())


def test_a_protocol_pins_an_image_with_the_suites_own_wheels(world):
    suite_files = locked(PLAIN)
    digest = world.suite(suite_files)
    with pytest.raises(Unavailable, match=r"assay images build --suite FILE --wheels FOLDER"):
        world.draft(digest, Terms())
    lock = "d1" * 32
    add_image(world, "sha256:" + "33" * 32, "base", lock=lock)
    with pytest.raises(Unavailable):
        world.draft(digest, Terms())


def test_a_lock_that_the_flavour_brings_whole_is_left_out(world):
    pin = stages("inspect")[0].pins[0]
    with pytest.raises(InvalidInput, match=r"the flavour inspect brings all of it"):
        world.suite(locked(f"{pin.line}\n".encode(), "inspect"))


def test_every_reason_against_a_lock_is_told_when_it_is_submitted(world):
    with pytest.raises(InvalidInput) as caught:
        world.suite(locked(b"six>=1\n--find-links here\nidna==3.10 --hash=md5:1\n"))
    assert [line.partition(": ")[0] for line in caught.value.problems] == ["wheels.lock"] * 4
    assert {line.split()[3].rstrip(":") for line in caught.value.problems} == {"1", "2", "3"}
    with pytest.raises(InvalidInput, match=r"wheels.lock: is not plain ASCII"):
        world.suite(locked("größe==1".encode()))


def test_a_lock_that_contradicts_its_flavour_is_refused(world):
    with pytest.raises(InvalidInput, match=r"openai: the flavour inspect brings version"):
        world.suite(locked(b"openai==0.0.1 --hash=sha256:" + b"1" * 64 + b"\n", "inspect"))


@pytest.mark.parametrize(
    ("lowered", "code"), [({"max_cpus": 1}, "limits_over_cap"), ({}, "limits_over_host")]
)
def test_a_run_that_asks_for_too_much_here_waits_and_costs_nothing(tmp_path, lowered, code):
    world = worlds.make(tmp_path / "data", max_cpus=256)
    world.image()
    world.model()
    terms = Terms(run_wall_clock_s=20, start_within_s=100, grid_s=10)
    run_id = world.reserve(world.agree(world.suite(files("limits: {cpus: 256}")), terms))
    here = copies.copy(world, tmp_path / "here", **{"max_cpus": 256, **lowered})
    execute.execute(here.platform, run_id)
    with here.platform.database.read() as session:
        run = runs.get(session, run_id)
        assert (run.state, run.category) == ("QUEUED", code)
    here.platform.database.close()
