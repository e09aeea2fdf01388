"""People in tests: a clock that is turned by hand, and passwords that take no time to check."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from harness.services.parties import passwords

PASSWORD = "correct horse battery"
ALICE = "alice@example.edu"
HERE = "192.0.2.1"


class Clock:
    """Seconds since the epoch, moved by hand."""

    def __init__(self):
        self.now = 1_900_000_000.0

    def __call__(self):
        return self.now


@contextmanager
def quick_passwords() -> Iterator[None]:
    """Argon2 itself, at the least cost it can have."""
    hasher = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", hasher)
        patch.setattr(passwords, "_NOBODY", hasher.hash("nobody's"))
        yield
