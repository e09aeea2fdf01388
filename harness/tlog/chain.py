"""A bundle read step by step; each step is taken once and only when a check needs it.

A step that fails raises the same TlogError for every check that depends on it.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import TypeVar

from harness.tlog import bundle, checkpoint, statement, trust_root
from harness.tlog.bundle import Entry, Kind
from harness.tlog.errors import CheckError, TlogError
from harness.tlog.reader import Node, load

PROTOCOL_SCHEMA = "assay.protocol/1"
REPORT_SCHEMA = "assay.report/1"
_MAX_DOCUMENT = 4 * 1024 * 1024


_Part = TypeVar("_Part")


@dataclass(frozen=True, slots=True)
class Logged:
    """A public statement with its place in the log."""

    kind: Kind
    index: int
    verifier: bytes
    envelope: statement.Envelope
    statement: statement.Statement

    @property
    def predicate(self) -> Node:
        """The statement's own fields."""
        return self.statement.predicate

    def subject(self, name: str) -> str:
        """Digest of a subject. Raises CheckError when it is not named."""
        digest = self.statement.subjects.get(name)
        if digest is None:
            raise CheckError(f"a {self.kind} does not name its {name}")
        return digest


def _step(read: Callable[["Chain"], _Part]) -> cached_property[_Part]:
    """Read a part once: a failure is kept as a value is, and raised again for the next check."""

    @wraps(read)
    def once(chain: "Chain") -> _Part:
        failure = chain.failures.get(read.__name__)
        if failure is not None:
            raise failure.with_traceback(None)
        try:
            return read(chain)
        except TlogError as error:
            chain.failures[read.__name__] = error
            raise

    return cached_property(once)


class Chain:
    """The parts of one bundle, read on demand. Every attribute may raise TlogError."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.failures: dict[str, TlogError] = {}

    @_step
    def bundle(self) -> bundle.Bundle:
        """The file's parts."""
        return bundle.parse(self.data)

    @_step
    def trust_root(self) -> trust_root.TrustRoot:
        """Whose log and whose server this claims to be."""
        return trust_root.parse(self.bundle.trust_root)

    @_step
    def head(self) -> checkpoint.TreeHead:
        """The log's head, signed by the log's key."""
        root = self.trust_root
        return checkpoint.verify(self.bundle.checkpoint, root.origin, root.log_key)

    @_step
    def public(self) -> list[tuple[Entry, statement.Envelope]]:
        """Entries that show their statement."""
        return [
            (entry, statement.read_envelope(entry.envelope))
            for entry in self.bundle.entries
            if entry.envelope is not None
        ]

    @_step
    def statements(self) -> list[Logged]:
        """Every public statement, in the bundle's order."""
        return [
            Logged(
                kind=(kind := Kind(entry.kind)),
                index=entry.index,
                verifier=entry.verifier,
                envelope=envelope,
                statement=statement.read_statement(envelope, kind),
            )
            for entry, envelope in self.public
        ]

    @_step
    def protocol(self) -> Node:
        """The protocol document."""
        return _document(self.bundle.protocol, "protocol", PROTOCOL_SCHEMA)

    @_step
    def protocol_digest(self) -> str:
        """Digest of the protocol's bytes."""
        return _digest(self.bundle.protocol)

    @_step
    def report(self) -> Node:
        """The report document."""
        return _document(self.bundle.report, "report", REPORT_SCHEMA)

    @_step
    def report_digest(self) -> str:
        """Digest of the report's bytes."""
        return _digest(self.bundle.report)

    @_step
    def report_statement(self) -> Logged:
        """The statement that publishes this report."""
        found = [s for s in self.all_of(Kind.REPORT) if s.subject("report") == self.report_digest]
        if len(found) != 1:
            raise CheckError("no report statement, or more than one, names the report's bytes")
        return found[0]

    def all_of(self, kind: Kind) -> list[Logged]:
        """Every statement of one kind."""
        return [logged for logged in self.statements if logged.kind is kind]

    def one(self, kind: Kind) -> Logged:
        """Find the only statement of a kind. Raises CheckError for none or several."""
        found = self.all_of(kind)
        if len(found) != 1:
            raise CheckError(f"the bundle needs exactly one {kind}")
        return found[0]


def _document(data: bytes, name: str, schema: str) -> Node:
    node = Node(load(data, _MAX_DOCUMENT), name)
    if node["schema"].text() != schema:
        node["schema"].fail("is unknown")
    return node


def _digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()
