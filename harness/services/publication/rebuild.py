"""Taking back what an older database has forgotten: from the log, and from the log's copy.

The log decides. Entries that the database lacks come back from the copy, so that the log goes on
where readers have seen it; then runs, agreements and ledger are made to fit. What was no entry of
the log is lost with the database: reports' own bytes, suites, people.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from harness.config import Settings
from harness.disclosure import bits
from harness.documents import canonical, envelope, predicates, statements
from harness.documents.fields import instant
from harness.errors import IntegrityError
from harness.records import log, people, protocols, runs
from harness.records.base import Act
from harness.services import states
from harness.services.agreements import agree
from harness.services.platform import ledgers, logcopy, outbox, sequencer
from harness.services.platform.opening import Platform, open_unchecked
from harness.services.publication import sequence
from harness.services.runs.finish import SERVER, end

_OPEN: Final = (states.Run.RESERVED, states.Run.QUEUED, *states.LEASED_RUNS)
_CATEGORY: Final = "restored"


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What was put right: log entries from the copy, charges and refunds, runs ended.

    `log_size` is how many entries the log had before this was said in it.
    """

    entries: int
    charges: int
    ended: int
    log_size: int


def rebuild(settings: Settings) -> Rebuilt:
    """Make an older database fit what this server has signed; changes nothing where it fits.

    No process of Assay may run meanwhile. Raises IntegrityError when log, copy and keys do not
    belong together; then nothing was changed.
    """
    platform = open_unchecked(settings)
    try:
        with platform.database.write() as session:
            rebuilt = recover(session, platform)
            if rebuilt.entries:
                before = log.newest(session, 1, rebuilt.log_size - rebuilt.entries)
                made_at = before[0].created_at if before else 0.0
                say(session, platform, outbox.timestamp(made_at))
        sequence.publish(platform)
    finally:
        platform.database.close()
    return rebuilt


def recover(session: Session, platform: Platform) -> Rebuilt:
    """The same within a transaction, and without a word in the log."""
    act = Act(SERVER, "rebuild ledger", platform.clock())
    size = sequencer.check_log(session, platform)
    accounts, entries = _replay(session, platform, size, act)
    ended = 0
    if entries:
        _agree_again(session, act)
        _reserve_again(session, entries, act)
        ended = end_open(session, platform)
    charges = ledgers.rebuild(session, accounts, act) + ledgers.missing_refunds(session, act)
    return Rebuilt(len(entries), charges, ended, size + len(entries))


def say(session: Session, platform: Platform, made_at: str) -> None:
    """Write into the log that records were restored, and from where on it goes on.

    Everybody is signed out: whoever was signed in then may have been shut out since.
    """
    act = Act(SERVER, "restore backup", platform.clock())
    head = log.head(session)
    note = b"" if head is None else head.note.encode()
    subjects = {"checkpoint": canonical.digest(note)}
    fields: dict[str, object] = {"size": 0 if head is None else head.size, "made_at": made_at}
    outbox.issue(session, platform, "log-restore", subjects, fields, act)
    people.drop_expired(session, math.inf)


def end_open(session: Session, platform: Platform) -> int:
    """End every run that is open in an older database, as the log has it; how many.

    One of which the log has no ending may have been carried out since: it counts, and is never
    carried out a second time.
    """
    return sum(
        _end_as_logged(session, run, platform.clock())
        or end(session, platform, run, states.Run.FAILED, _CATEGORY)
        for run in runs.in_states(session, _OPEN)
    )


def _replay(
    session: Session, platform: Platform, size: int, act: Act
) -> tuple[Mapping[str, ledgers.Account], Sequence[log.Statement]]:
    """Put the copy's entries from index `size` on into the database."""
    path = logcopy.place(platform.settings)
    newest = logcopy.tail(path)
    if newest is None or newest.size <= size:
        # The database knows as much or more, which will be copied.
        logcopy.check(session, newest)
        return {}, ()
    copied = list(logcopy.entries(path, max(0, size - 1)))
    if size:
        last = log.at_index(session, size - 1)
        if last is None or copied.pop(0).statement.leaf_hash != last.leaf_hash:
            raise IntegrityError(
                f"the database's log is another one than this server has signed (entry "
                f"{size - 1} differs): use the database that belongs to these keys"
            )
    # The root that was signed speaks for every entry that comes back.
    hashes = [*log.leaf_hashes(session), *(item.statement.leaf_hash for item in copied)]
    if not sequencer.vouches(platform, newest.note, hashes):
        raise IntegrityError(f"{path}: the log's copy is damaged")
    for item in copied:
        waiting = log.waiting(session, item.statement.pae_digest)
        if waiting is None:
            log.add(session, item.statement, act)
        else:
            waiting.index = item.statement.index
    if not log.advance(session, size, newest.size, newest.note, act):
        raise IntegrityError("the log moved meanwhile: stop every process of Assay first")
    accounts = {
        item.statement.run: item.account
        for item in copied
        if item.account is not None and item.statement.run is not None
    }
    return accounts, [item.statement for item in copied]


def _agree_again(session: Session, act: Act) -> None:
    """An agreement that both parties' logged approvals make was agreed."""
    for row in protocols.in_state(session, states.Protocol.PROPOSED):
        found = log.find(session, "protocol-approval", protocol=row.id)
        logged = {item.organisation for item in found if item.index is not None}
        if {row.auditor, row.vendor} <= logged:
            before, after = states.Protocol.PROPOSED, states.Protocol.AGREED
            protocols.move(session, row.id, before, after, act)


def _reserve_again(session: Session, entries: Sequence[log.Statement], act: Act) -> None:
    """Runs that the database has forgotten, so that their slots stay used and their ids known."""
    for item in entries:
        if item.kind != "run-start" or item.run is None or runs.get(session, item.run):
            continue
        row = None if item.protocol is None else protocols.get(session, item.protocol)
        said = statements.parse(envelope.parse(item.envelope).payload, "run-start").predicate
        if row is None or not isinstance(said, predicates.RunStart):
            continue
        protocol = agree.document(session, row)
        run = runs.Run(
            id=item.run,
            protocol=row.id,
            ordinal=said.ordinal,
            state=states.Run.RESERVED,
            microbits=bits.microbits(int(said.alphabet)),
            alphabet=said.alphabet,
            reserved_at=item.created_at,
            start_by=item.created_at + protocol.budget.start_within_s,
            wall_clock_s=protocol.budget.run_wall_clock_s,
            grid_s=protocol.disclosure.release.grid_s,
            slot_at=None if said.slot is None else instant(said.slot).timestamp(),
            rows_due=protocol.suite.samples * protocol.harness.epochs,
        )
        runs.add(session, run, act)


def _end_as_logged(session: Session, run: runs.Run, now: float) -> bool:
    """End a run as the log says it ended; False where it says nothing."""
    refund = log.find(session, "run-refund", run=run.id)
    said = refund or log.find(session, "run-end", run=run.id)
    if not said:
        return False
    after = states.Run.INVALID_INFRA
    if not refund:
        parsed = statements.parse(envelope.parse(said[-1].envelope).payload, "run-end").predicate
        released = isinstance(parsed, predicates.RunEnd) and parsed.outcome == "RELEASED"
        after = states.Run.RELEASED if released else states.Run.FAILED
    act = Act(SERVER, f"end run {after}", now)
    at = max(said[-1].created_at, said[-1].not_before)
    return runs.move(
        session,
        run.id,
        run.state,
        after,
        act,
        category=_CATEGORY,
        ended_at=at,
        visible_at=at,
        lease_until=None,
        report=None,
    )
