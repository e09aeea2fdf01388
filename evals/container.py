"""What a suite asks of its container: limits, a flavour of the image, wheels of its own."""

from typing import Final, NamedTuple

from evals.fields import Reader

FLAVOURS: Final = ("base", "inspect", "lm-eval")

_LOCK_FILE: Final = r"[a-z0-9][a-z0-9_.-]{0,57}\.lock"


class Limits(NamedTuple):
    """Limits of one container of a run. `scratch_mib` holds for /tmp and for /work, each.

    Both, and shared memory, are memory: what is written there counts against `memory_mib`.
    """

    memory_mib: int = 512
    cpus: int = 1
    processes: int = 64
    scratch_mib: int = 64
    shm_mib: int = 16
    cpu_seconds: int = 3600


class Lock(NamedTuple):
    """The file that names the suite's wheels, each by version and SHA-256."""

    file: str
    sha256: str


class Runtime(NamedTuple):
    """What the suite finds in its image: a flavour, and its own locked wheels if it has any."""

    flavour: str
    lock: Lock | None


# No machine has more; what an operator allows is less, and a setting there.
_BOUNDS: Final = {
    "memory_mib": (64, 1024 * 1024),
    "cpus": (1, 256),
    "processes": (16, 32768),
    "scratch_mib": (1, 1024 * 1024),
    "shm_mib": (1, 1024 * 1024),
    "cpu_seconds": (10, 30 * 86_400),
}


def read_limits(reader: Reader, value: object) -> Limits:
    """Read the manifest's limits; every one of them is stated there."""
    before = len(reader.problems)
    stated = reader.record(value, "limits", " ".join(Limits._fields))
    found = Limits(
        *(reader.whole(stated[name], f"limits.{name}", *_BOUNDS[name]) for name in Limits._fields)
    )
    for name in ("scratch_mib", "shm_mib") if len(reader.problems) == before else ():
        if getattr(found, name) > found.memory_mib:
            reader.say(f"limits.{name}", "is memory too, so must be within limits.memory_mib")
    return found


def read_runtime(reader: Reader, value: object) -> Runtime:
    """Read which image the suite needs."""
    stated = reader.record(value, "runtime", "flavour lock")
    flavour = reader.choice(stated["flavour"], "runtime.flavour", FLAVOURS)
    if stated["lock"] is None:
        return Runtime(flavour, None)
    lock = reader.record(stated["lock"], "runtime.lock", "file sha256")
    what = "a file name in lower case that ends in .lock"
    path = "runtime.lock.sha256"
    return Runtime(
        flavour,
        Lock(
            reader.match(lock["file"], "runtime.lock.file", _LOCK_FILE, what),
            reader.match(lock["sha256"], path, "[0-9a-f]{64}", "64 hexadecimal digits"),
        ),
    )
