"""The failure table, row by row, with the attacks of `tests/hostile/sandbox` on a real engine.

Each row says how the run is recorded; for all of them the container is gone in time, nothing of
it is left, and the host has its memory and disk back. The controls run the same attack in a plain
container and see it do what it is after. Rows where a worker or the engine dies are in
`test_engine_ends.py`, those of an image or a runtime in `test_hostile_images.py`.
"""

import contextlib
import time
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import docker
import pytest

from sandbox.container.docker import DockerRuntime
from sandbox.spec import Ending, Limits, Score
from tests.integration.sandbox.guests import OWNER, Watched, asset, carry_out
from tests.integration.sandbox.traces import Peaks, Room
from tests.support.waiting import until

pytestmark = pytest.mark.docker

MIB = 1 << 20
_LATE_S = 5.0  # a container is gone so long after its end
_WRITTEN = 16 * MIB  # the engine's own files of one container stay far below


@dataclass(frozen=True)
class Row:
    """How an attack ends, and what shows that it took place and was held."""

    attack: str
    ending: Ending
    code: str
    memory_mib: int = 512
    wall_clock_s: float = 60
    told: int = 0  # rows that the guest handed in
    scores: tuple[int, ...] = ()
    pids: range = range(1, 65)  # the most processes at once that somebody saw


TABLE = (
    Row("memory", Ending.OOM, "oom", memory_mib=128),
    Row("memory_child", Ending.OOM, "oom", memory_mib=128),
    Row("memory_files", Ending.OOM, "oom", memory_mib=96),
    Row("disk_full", Ending.COMPLETE, "end", told=2, scores=(1, 1)),
    Row("file_growth", Ending.COMPLETE, "end", told=2, scores=(1, 0)),
    Row("output_flood", Ending.COMPLETE, "end", told=2, scores=(1, 1)),
    Row("ignores_sigterm", Ending.DEADLINE, "deadline", wall_clock_s=2, told=1),
    Row("fork_loop", Ending.DEADLINE, "deadline", wall_clock_s=3, told=1, pids=range(60, 65)),
    Row("orphans", Ending.GUEST_FAULT, "no_end", told=1, pids=range(40, 65)),
    Row("stays_on", Ending.COMPLETE, "end", told=2, scores=(1, 1)),
)


@dataclass
class Timed(Watched):
    """Also when the session last told of anything: its end record, for one that has it."""

    told_at: float = 0.0
    rows: int = 0

    def callbacks(self):
        return replace(super().callbacks(), progress=self._progress)

    def _progress(self, _calls, rows):
        self.told_at, self.rows = time.time(), rows


def watched_to_its_end(engine, make, caller):
    """Carry a run out and look at its container from the outside meanwhile.

    A container may be over before a busy machine lets this thread look: then once more. How each
    of them ended is returned, too.
    """
    endings = set()
    for _ in range(5):
        spec = make()
        result, peaks = _watched(engine, spec, caller)
        endings.add((result.ending, result.code))
        if peaks.pids:
            break
    return spec, result, peaks, endings


def _watched(engine, spec, caller):
    peaks = Peaks()
    with ThreadPoolExecutor(1) as pool:
        going = pool.submit(carry_out, spec, DockerRuntime(engine.url), caller)
        while not wait([going], 0.01).done:
            # The engine's own folder names it sooner than its list does.
            for folder in (engine.root / "data/containers").glob("*"):
                peaks.look(engine, folder.name)
        return going.result(), peaks


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.attack)
def test_a_row(own_engine, own, own_guest, held, row):
    limits = Limits(memory_bytes=row.memory_mib * MIB)
    options = {"wall_clock_s": row.wall_clock_s, "limits": limits}
    caller = Timed()
    spec, result, peaks, endings = watched_to_its_end(
        own_engine, partial(own_guest, asset(row.attack), **options), caller
    )
    over = time.time()
    assert own.list(OWNER) == ()
    assert endings == {(row.ending, row.code)}
    ends = {Ending.COMPLETE: caller.told_at, Ending.DEADLINE: spec.grant.not_after}
    assert over < ends.get(row.ending, peaks.alive_at) + _LATE_S
    assert caller.rows == row.told
    expected = [Score(sample, 0, (value,)) for sample, value in enumerate(row.scores)]
    assert sorted(result.scores, key=lambda score: score.sample) == expected
    assert peaks.pids in row.pids
    assert peaks.memory <= limits.memory_bytes
    assert 0 < peaks.disk < _WRITTEN


# What each attack is after, and gets without the run spec: the most seen exceeds this. The last
# says whether the host then has less of it; a file with a hole takes nothing yet.
@pytest.mark.parametrize(
    ("attack", "peak", "more_than", "taken"),
    [
        ("memory", "memory", 128 * MIB, True),
        ("memory_child", "memory", 128 * MIB, True),
        ("memory_files", "disk", 60 * MIB, True),
        ("disk_full", "disk", 144 * MIB, True),
        ("file_growth", "disk", 1 << 39, False),
        ("output_flood", "disk", 10 * _WRITTEN, True),
        ("fork_loop", "pids", 64, True),
    ],
)
def test_a_plain_container_does_not_hold_it(
    own_engine, own, own_image, attack, peak, more_than, taken
):
    peaks, room = Peaks(), Room.of(own_engine)
    with plain(own_engine, own_image, attack) as container:

        def exceeds():
            peaks.look(own_engine, container)
            return getattr(peaks, peak) > more_than

        until(exceeds, 60, f"{peak} beyond {more_than}")
        # The kernel adds its figures up every two seconds.
        until(lambda: room.is_back(own_engine) is not taken, 60, "the host has less, or has not")


def test_a_plain_container_runs_on_after_its_deadline_and_a_polite_stop(own_engine, own, own_image):
    with (
        plain(own_engine, own_image, "ignores_sigterm") as container,
        contextlib.closing(docker.APIClient(own_engine.url)) as client,
    ):
        until(lambda: _ignores_sigterm(client, container), 60, "it ignores SIGTERM")
        client.kill(container, "SIGTERM")
        assert client.inspect_container(container)["State"]["Running"]


@contextlib.contextmanager
def plain(engine, image, attack):
    """The attack in a container as `docker run` makes it; some bounds keep our own host safe."""
    code = f"import sys; sys.path.insert(0, '/opt/assay')\n{asset(attack)}"
    with contextlib.closing(docker.APIClient(engine.url)) as client:
        body = {
            "Image": image,
            "Cmd": ["/usr/bin/python3", "-c", code],
            "WorkingDir": "/work",
            "NetworkDisabled": True,
            "HostConfig": {"NetworkMode": "none", "PidsLimit": 400, "Memory": 2048 * MIB},
        }
        container = client.create_container_from_config(body)["Id"]
        try:
            client.start(container)
            yield container
        finally:
            client.remove_container(container, force=True, v=True)


def _ignores_sigterm(client, container):
    pid = client.inspect_container(container)["State"]["Pid"]
    (ignored,) = [
        line for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if line.startswith("SigIgn:")
    ]  # fmt: skip
    return int(ignored.split()[1], 16) >> 14 & 1
