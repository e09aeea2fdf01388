"""Checks of the agreement: one protocol, approved by two parties before any run.

Each check takes the chain, returns a short finding and raises TlogError when it fails.
"""

from harness.tlog.bundle import Kind
from harness.tlog.chain import Chain, Logged
from harness.tlog.errors import CheckError

_ROLES = ("auditor", "vendor")


def report_bytes(chain: Chain) -> str:
    """Check that the report is, byte for byte, the one the server signed and logged."""
    chain.report["protocol"].digest()
    return f"{chain.report_digest}, log index {chain.report_statement.index}"


def protocol_bytes(chain: Chain) -> str:
    """Check that every statement and the report speak of exactly these protocol bytes."""
    digest = chain.protocol_digest
    chain.protocol["identity"]["id"].text()
    for logged in chain.statements:
        if logged.kind not in {Kind.REPORT, Kind.SUITE}:
            _same(logged.subject("protocol"), digest, f"a {logged.kind} is about another protocol")
        if logged.kind in {Kind.RUN_START, Kind.REPORT}:
            named = logged.predicate["protocol"].digest()
            _same(named, digest, f"a {logged.kind} is about another protocol")
    _same(chain.report["protocol"].digest(), digest, "the report is about another protocol")
    suite = chain.protocol["suite"]
    for start in chain.all_of(Kind.RUN_START):
        _same(start.subject("suite"), suite["digest"].digest(), "a run-start has another suite")
        for name, field in (("suite", "digest"), ("image", "image")):
            named = start.predicate[name].digest()
            _same(named, suite[field].digest(), f"a run-start has another {name}")
    return digest


def approvals(chain: Chain) -> str:
    """Check that auditor and vendor each approved once: two organisations, two keys."""
    found = _by_role(chain)
    parties = chain.protocol["parties"]
    names = [parties[role]["organisation"].text() for role in _ROLES]
    if _plain(names[0]) == _plain(names[1]):
        raise CheckError("auditor and vendor are one organisation")
    if found["auditor"].verifier == found["vendor"].verifier:
        raise CheckError("both approvals are signed by one key")
    activated = chain.one(Kind.ACTIVATION).statement.issued_at
    for role, name in zip(_ROLES, names, strict=True):
        predicate = found[role].predicate
        _same(predicate["organisation"].text(), name, f"the {role}'s approval names another party")
        _same(predicate["decision"].text(), "approve", f"the {role} did not approve")
        until = predicate["valid_until"]
        if not until.is_null() and until.time() < activated:
            raise CheckError(f"the {role}'s approval had lapsed at activation")
    return "auditor and vendor, " + " and ".join(
        f"log index {found[role].index}" for role in _ROLES
    )


def activation(chain: Chain) -> str:
    """Check that the server logged the agreement, naming both approvals and their places."""
    active = chain.one(Kind.ACTIVATION)
    named = sorted(
        (item["index"].integer(), item["role"].text(), item["statement"].digest())
        for item in active.predicate["approvals"].items()
    )
    found = [
        (logged.index, role, logged.statement.digest) for role, logged in _by_role(chain).items()
    ]
    if named != sorted(found):
        raise CheckError("the activation lists other approvals than the bundle holds")
    for start in chain.all_of(Kind.RUN_START):
        if start.predicate["activation_index"].integer() != active.index:
            raise CheckError("a run-start names another activation")
        if start.statement.prev != active.statement.digest:
            raise CheckError("a run-start does not follow the activation")
    if chain.report_statement.predicate["activation_index"].integer() != active.index:
        raise CheckError("the report names another activation")
    return f"log index {active.index}"


def _by_role(chain: Chain) -> dict[str, Logged]:
    result: dict[str, Logged] = {}
    for logged in chain.all_of(Kind.APPROVAL):
        role = logged.predicate["role"].text()
        if role not in _ROLES or role in result:
            raise CheckError("an approval is by nobody's role, or one party approved twice")
        result[role] = logged
    for role in _ROLES:
        if role not in result:
            raise CheckError(f"the {role}'s approval is missing")
    return result


def _plain(name: str) -> str:
    # "Example  Lab" and "example lab" are no two organisations.
    return " ".join(name.casefold().split())


def _same(found: str, expected: str, otherwise: str) -> None:
    if found != expected:
        raise CheckError(otherwise)
