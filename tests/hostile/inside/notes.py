"""State from run to run: what one container could leave for the next. They need a real one."""

import os
import socket

from tests.hostile.game.suite import suite

PLACES = (
    "/tmp",
    "/dev/shm",
    "/assay",
    "/assay/suite",
    "/var/tmp",
    "/run",
    "/opt/assay",
    ".",
    "/dev",
)
NAME = "note-4711"
ABSTRACT = "\0" + NAME
UNIT = 5
_kept = []


def _leave(secret):
    for place in PLACES:
        path = f"{place}/{NAME}"
        for write in (_file, os.mkfifo, _link):
            try:
                write(f"{path}-{write.__name__}-{secret}")
            except OSError:
                pass
    try:
        # An address without a file, for as long as its owner lives.
        door = socket.socket(socket.AF_UNIX)
        door.bind(f"{ABSTRACT}-x-{secret}")
        _kept.append(door)
        if os.fork() == 0:
            os.setsid()
            os.nice(5)
            import time

            time.sleep(600)
    except OSError:
        pass


def _file(path):
    with open(path, "w") as stream:
        stream.write(path)


def _link(path):
    os.symlink(path, path)


def _find():
    found = set()
    for place in PLACES:
        try:
            found |= {name for name in os.listdir(place) if name.startswith(NAME)}
        except OSError:
            pass
    try:
        with open("/proc/net/unix") as table:
            found |= {line.split("@")[1].strip() for line in table if NAME in line}
    except OSError:
        pass
    return {int(name.rpartition("-")[2]) for name in found}


def _tell(guest, secrets):
    """A level for each secret that was found, and the lowest for none."""
    count = UNIT * (1 + min(secrets)) if secrets else 0
    guest.finish([int(index < count) for index in range(20)])


@suite()
def leave_a_note(guest, secret):
    """Leaves the secret wherever something can be left, and a process that outlives it; honest."""
    _leave(secret)
    guest.finish()


@suite()
def find_a_note(guest, _secret):
    """Looks for what a run before has left, and says it by its level."""
    _tell(guest, _find())


@suite()
def leave_and_find(guest, secret):
    """The control: both in one container."""
    _leave(secret)
    _tell(guest, _find())


@suite()
def hog(guest, secret):
    """Keeps processors and the gateway as busy as it can, or rests, and is honest."""
    for _ in range(2):
        if secret and os.fork() == 0:
            while True:
                pass
    for _ in range(40 if secret else 1):
        guest.ask("word " * (200 if secret else 1))
    guest.finish()
