"""The other agreement that a protocol's paired differences are to: consent, scores, ledgers.

Its vendor has signed how long the sums of a released run's scores are kept for that; without such
a field nothing of it is compared with anything.
"""

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy.orm import Session

from harness.disclosure import bits, cells
from harness.disclosure.cells import COMPARED, Cell
from harness.documents import protocol as protocol_document
from harness.documents.protocol import Protocol
from harness.errors import InvalidInput
from harness.records import log, protocols
from harness.services import states
from harness.services.agreements import shape
from harness.services.agreements.terms import Compare

_SIGNED = (states.Protocol.AGREED, states.Protocol.REGISTERED, states.Protocol.ACTIVE)


def chosen(
    session: Session,
    wanted: Compare | None,
    declared: Sequence[Cell],
    *,
    auditor: str,
    suite: str,
    model: str,
) -> tuple[dict[str, object] | None, tuple[Cell, ...]]:
    """The protocol's `analysis.compared` for what the terms want, and the cells it adds.

    Raises InvalidInput with every reason why the two cannot be compared.
    """
    if wanted is None:
        return None, ()
    found = protocols.matching(session, wanted.protocol, {"auditor": auditor})
    if len(found) != 1:
        raise InvalidInput("compare.protocol: names no agreement of this auditor")
    row, other = found[0], document(session, found[0])
    names = tuple(dict.fromkeys(wanted.metrics))
    problems = [
        *_unfit(row, other, suite=suite, model=model),
        *_unknown(names, declared, other),
    ]
    if problems:
        raise InvalidInput(f"compare.{problem}" for problem in problems)
    own = {cell.id: cell for cell in declared}
    added = tuple(cells.difference(own[name]) for name in names)
    problems = list(_unpaid(added, other))
    if problems:
        raise InvalidInput(f"compare.{problem}" for problem in problems)
    return {
        "agreement": row.id,
        "protocol": row.digest,
        "vendor": row.vendor,
        "model": row.model,
        "metrics": list(names),
    }, added


def problems(session: Session, protocol: Protocol) -> Iterator[str]:
    """Every reason why a proposed protocol cannot be compared with what it names."""
    compared = protocol.analysis.compared
    if compared is None:
        return
    row = protocols.get(session, compared.agreement)
    auditor, model = protocol.parties.auditor.organisation, protocol.system.model
    if row is None or row.auditor != auditor or row.digest != compared.protocol:
        yield "analysis.compared.protocol: names no agreement of this auditor"
        return
    if (row.vendor, row.model) != (compared.vendor, compared.model):
        yield "analysis.compared.model: is not that agreement's"
    other, declared = document(session, row), shape.declared_cells(protocol)
    found = [
        *_unfit(row, other, suite=protocol.suite.digest, model=model),
        *_unknown(compared.metrics, declared, other),
        *_unpaid(declared, other),
    ]
    yield from (f"analysis.compared.{problem}" for problem in found)


def document(session: Session, row: protocols.Protocol) -> Protocol:
    """The other agreement's protocol, from its stored bytes."""
    return protocol_document.parse(log.bodies(session, (row.digest,))[row.digest])


def _unfit(row: protocols.Protocol, other: Protocol, *, suite: str, model: str) -> Iterator[str]:
    if row.state not in _SIGNED:
        yield f"protocol: {row.id} is {row.state}; both parties must have signed it first"
    if other.evidence.scores_kept_days is None:
        yield (
            f"protocol: the vendor of {row.id} has not agreed to a comparison; propose one with "
            "`scores_kept_days` to it"
        )
    if shape.policy_of(other).privacy is not None:
        yield f"protocol: {row.id} agrees on noise, so that no sums of it are kept; name another"
    if row.suite != suite:
        yield (
            f"protocol: {row.id} is over another suite; samples are joined within one, so propose "
            "both over the same digest"
        )
    if row.model == model:
        yield f"protocol: {row.id} is about the same model; name one about another"


def _unknown(names: Sequence[str], declared: Sequence[Cell], other: Protocol) -> Iterator[str]:
    own, theirs = _comparable(declared), _comparable(shape.declared_cells(other))
    both = [name for name in own if name in theirs]
    for name in names:
        if name not in both:
            listed = ", ".join(both) or "none"
            yield (
                f"metrics: {name} is not a share or mean of scores in both agreements; what can be "
                f"compared: {listed}"
            )


def _comparable(declared: Sequence[Cell]) -> Mapping[str, Cell]:
    return {cell.id: cell for cell in declared if cell.kind in COMPARED}


def _unpaid(declared: Sequence[Cell], other: Protocol) -> Iterator[str]:
    """Caps that the other vendor has signed and that no such charge could ever fit."""
    needed = bits.microbits(cells.about_other_run(declared))
    caps = {"bits_cap": other.disclosure.bits_cap, **other.disclosure.ledger.model_dump()}
    for name, cap in caps.items():
        if needed > cap * bits.MICRO:
            yield (
                f"metrics: their differences cost the other model {bits.text(needed)} bits, and "
                f"its agreement allows {cap} ({name}); compare fewer"
            )
