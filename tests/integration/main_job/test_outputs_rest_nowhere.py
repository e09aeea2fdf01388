"""What a model said rests nowhere: a canary in every reply, and a search wherever bytes rest.

Three runs through a real worker: one is released, one fails after replies, one spends its budget.
The search looks while they run and afterwards. As a control, a second canary stands where it may
stand (the claim of the protocol), and a third is put into each of the places.
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness import queue
from harness.services.agreements.terms import Claim, Terms
from harness.services.platform import images
from tests.integration.gateway.scripted_vendor import hang, status
from tests.integration.main_job.carrying import row, seen_by
from tests.integration.main_job.searching import find, forms, new_canary
from tests.integration.main_job.worker_process import worker
from tests.support import world as worlds
from tests.support.scripted import ScriptedVendor, saying
from tests.support.service import acting, served
from tests.support.waiting import until

pytestmark = [pytest.mark.docker, pytest.mark.slow]

SAMPLES = 40
TERMS = Terms(
    run_wall_clock_s=30,
    start_within_s=120,
    release="on_completion",
    grid_s=1,
    retries=0,
)
OWNER_LABEL = "org.assay.owner"


@dataclass
class Scene:
    """What the runs left, as it is searched; `states` as the vendor sees them."""

    world: worlds.World
    places: dict[str, tuple[Path, float]]
    said: str
    claimed: str
    states: dict[str, str]
    found_meanwhile: list[str]
    logging: list[bytes]

    @property
    def owner(self) -> str:
        return images.owner(self.world.platform)


def docker(*arguments: str) -> str:
    return subprocess.check_output(("docker", *arguments), text=True).strip()


def assay(asked: tuple[dict[str, str], tuple[str, ...]]) -> bytes:
    """All output of a command; nothing is wrapped, so that nothing is torn apart."""
    who, arguments = asked
    done = subprocess.run(
        (sys.executable, "-m", "harness.cli.main", *arguments),
        check=False,
        capture_output=True,
        env={"PATH": os.environ["PATH"], "COLUMNS": "5000", **who},
    )
    return done.stdout + done.stderr


def scripted(said: str) -> dict[str, ScriptedVendor]:
    """One vendor for each ending; every reply and every error says the canary."""
    speak = saying(said, id=said, system_fingerprint=said)
    vendors = {name: ScriptedVendor(default=speak) for name in ("released", "failed", "spent")}
    vendors["released"].plays(*[speak] * 30)
    vendors["released"].default = status("500 Oops", body=said.encode())
    vendors["failed"].plays(*[speak] * 20)
    vendors["failed"].default = hang
    return vendors


def reserve(world, vendors, claimed) -> dict[str, str]:
    suite = world.suite(worlds.suite_files(worlds.simple_questions(SAMPLES)))
    terms = {
        "released": TERMS.model_copy(update={"claim": Claim(sentence=claimed)}),
        "failed": TERMS,
        "spent": TERMS.model_copy(update={"requests": 25}),
    }
    agreed = {
        name: world.agree(suite, terms[name], world.model(vendor.base_url, name=name))
        for name, vendor in vendors.items()
    }
    return {name: world.reserve(protocol) for name, protocol in agreed.items()}


def tell(world, runs, folder: Path) -> None:
    """What the parties can ask for, in files."""
    folder.mkdir()
    # The search read the database's files in this process, which took SQLite's locks away.
    world.platform.database.close()
    with served(world) as url, ThreadPoolExecutor(2) as pool:
        auditor = acting(world, url, worlds.AUDITOR, "auditor")
        vendor = acting(world, url, worlds.VENDOR, "vendor")
        released = runs["released"]
        bundle = ("--out", str(folder / "bundle.json"))
        asked = {
            "report.json": (auditor, ("report", "show", "--json", released)),
            "export.txt": (auditor, ("report", "export", *bundle, released)),
        }
        for name, run_id in runs.items():
            asked[f"{name}-status.txt"] = (vendor, ("run", "status", run_id))
            asked[f"{name}-report.txt"] = (auditor, ("report", "show", run_id))
        for name, told in zip(asked, pool.map(assay, asked.values()), strict=True):
            (folder / name).write_bytes(told)


def writes_to(log: Path) -> list[bytes]:
    """Commands of the processes whose standard error is this file."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "fd" / "2").samefile(log):
                found.append((process / "cmdline").read_bytes())
    return found


def carry_out(scene: Scene, vendors, runs) -> None:
    world, log = scene.world, scene.places["worker and gateway logs"][0] / "worker.log"
    app = queue.celery(world.platform.settings)
    temporary = str(scene.places["temporary files"][0])
    with worker(world, log, TMPDIR=temporary):
        for run_id in runs.values():
            queue.nudge(app, run_id)
        until(lambda: len(vendors["failed"].seen) > 20, 60, "replies have reached the guest")
        scene.logging = writes_to(log)
        scene.found_meanwhile = find(scene.places, scene.said)
        for run_id in runs.values():
            until(
                lambda run_id=run_id: seen_by(world, worlds.AUDITOR, run_id).outcome != "PENDING",
                120,
                "the outcome shows",
            )
    world.settle()


@pytest.fixture(scope="module")
def scene(world, tmp_path_factory):
    docker_root = Path(docker("info", "--format", "{{.DockerRootDir}}"))
    folder = tmp_path_factory.mktemp("scene")
    for name in ("logs", "tmp"):
        (folder / name).mkdir()
    marker = folder / "started"
    marker.touch()
    started = marker.stat().st_ctime
    settings = world.platform.settings
    scene = Scene(
        world=world,
        places={
            "data folder": (settings.data_dir, 0),
            "worker and gateway logs": (folder / "logs", 0),
            "temporary files": (folder / "tmp", 0),
            "answers": (folder / "answers", 0),
            "run folder": (settings.run_root, 0),
            "engine": (docker_root, started),
            "system logs": (Path("/var/log"), started),
        },
        said=new_canary(),
        claimed=new_canary(),
        states={},
        found_meanwhile=[],
        logging=[],
    )
    vendors = scripted(scene.said)
    runs = reserve(world, vendors, scene.claimed)
    try:
        carry_out(scene, vendors, runs)
    finally:
        for vendor in vendors.values():
            vendor.stop()
    scene.states = {name: row(world, run_id).state for name, run_id in runs.items()}
    tell(world, runs, scene.places["answers"][0])
    return scene


def test_three_runs_ended_as_intended(scene):
    assert scene.states == {"released": "RELEASED", "failed": "FAILED", "spent": "OVER_BUDGET"}


def test_what_the_model_said_rests_nowhere(scene):
    assert scene.found_meanwhile == []
    assert find(scene.places, scene.said) == []
    assert docker("ps", "-aq", "--filter", f"label={OWNER_LABEL}={scene.owner}") == ""


def test_control_gateways_and_workers_write_to_the_log(scene):
    commands = b" ".join(scene.logging)
    assert b"sandbox.gateway" in commands
    assert b"harness.worker" in commands


def test_control_what_may_be_published_is_found_where_it_is_published(scene):
    found = find(scene.places, scene.claimed)
    assert {item for item in found if item.startswith("answers: ")} == {
        "answers: bundle.json",
        "answers: released-report.txt",
        "answers: report.json",
    }
    assert any(item.startswith("data folder: assay.sqlite3") for item in found)


@pytest.mark.parametrize(
    "place",
    [
        "data folder",
        "worker and gateway logs",
        "temporary files",
        "answers",
        "run folder",
        "system logs",
    ],
)
def test_control_a_planted_file_is_found(scene, place):
    planted = new_canary()
    path = scene.places[place][0] / f"{planted[:4]}.planted"
    try:
        path.write_text(planted)
        assert find(scene.places, planted) == [f"{place}: {path.name}"]
    finally:
        path.unlink()


def test_control_a_message_to_the_broker_is_found(scene):
    planted = new_canary()
    queue.nudge(queue.celery(scene.world.platform.settings), planted)
    (found,) = find(scene.places, planted)
    assert found.startswith("data folder: queue/messages/")


def test_control_a_file_in_a_container_is_found(scene, image_id, tmp_path):
    planted = new_canary()
    file = tmp_path / "planted"
    file.write_text(planted)
    container = docker(
        "create", "--network", "none", "--label", f"{OWNER_LABEL}={scene.owner}", image_id, "true"
    )
    try:
        docker("cp", str(file), f"{container}:/planted")
        found = find(scene.places, planted)
        assert [item.rsplit("/", 2)[1:] for item in found] == [["diff", "planted"]]
        listed = docker("ps", "-aq", "--filter", f"label={OWNER_LABEL}={scene.owner}")
        assert container.startswith(listed)
        assert listed
    finally:
        docker("rm", "-f", container)


@pytest.mark.parametrize("form", forms("x" * 24))
@pytest.mark.parametrize("part", [0, -1])
def test_control_every_form_of_half_a_canary_is_found(tmp_path, form, part):
    planted = new_canary()
    (tmp_path / "file").write_bytes(b"before " + forms(planted)[form][part] + b" after")
    assert find({"here": (tmp_path, 0)}, planted) == ["here: file"]
    assert find({"here": (tmp_path, 0)}, new_canary()) == []
