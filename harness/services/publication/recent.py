"""A small memory of what was worked out lately, for values that never change under their key."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Mapping
from typing import Generic, TypeVar

from sqlalchemy.orm import Session

from harness.documents import canonical
from harness.errors import IntegrityError
from harness.records import log

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Recent(Generic[Key, Value]):
    """At most `most` values, the longest unused forgotten first. Safe in any thread.

    A key must name its value for good, like the digest of some bytes: nothing is ever renewed.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: OrderedDict[Key, Value] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Key) -> Value | None:
        """The value, if it is still there."""
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
            return self._held.get(key)

    def put(self, key: Key, value: Value) -> None:
        """Remember a value."""
        with self._lock:
            self._held[key] = value
            self._held.move_to_end(key)
            while len(self._held) > self._most:
                self._held.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._held.clear()


def read_once(
    session: Session,
    memory: Recent[str, Value],
    digests: Collection[str],
    read: Callable[[str, bytes], Value],
) -> Mapping[str, Value]:
    """What `read` makes of stored documents, by digest; one query for all that are not known yet.

    Raises IntegrityError when a document is missing or its bytes are others.
    """
    found = {digest: memory.get(digest) for digest in digests}
    known = {digest: value for digest, value in found.items() if value is not None}
    missing = found.keys() - known.keys()
    if not missing:
        return known
    for digest, body in log.bodies(session, missing).items():
        if canonical.digest(body) == digest:
            known[digest] = read(digest, body)
            memory.put(digest, known[digest])
    if known.keys() != found.keys():
        raise IntegrityError("stored documents are missing, or not those that were signed")
    return known
