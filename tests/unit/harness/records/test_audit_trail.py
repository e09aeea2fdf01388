"""No write without its audit row, in the same transaction; and the trail is never edited."""

import ast
from pathlib import Path

import pytest
from sqlalchemy import func, select

from harness.records import audit, runs
from harness.records.base import Act
from tests.support import world as worlds

RECORDS = Path(audit.__file__).parent
# What writes without an audit row, and says so.
NOT_AUDITED = {
    "beat",
    "see_worker",
    "open_model",
    "keep_reply",
    "start_attempts",
    "count_attempt",
    "uncount_attempt",
    "drop_expired",
    "drop_before",
}
WRITES = {"add", "merge", "insert", "update", "delete"}


def writers():
    """Every public function of the records that writes, and whether it takes an act."""
    for path in sorted(RECORDS.glob("*.py")):
        if path.name in {"audit.py", "base.py", "database.py"}:
            continue
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                names = {
                    getattr(call.func, "attr", getattr(call.func, "id", ""))
                    for call in ast.walk(node)
                    if isinstance(call, ast.Call)
                }
                if names & WRITES:
                    arguments = {argument.arg for argument in node.args.args}
                    yield path.name, node.name, "act" in arguments and "note" in names


def test_every_function_that_writes_notes_an_act():
    found = list(writers())
    assert len(found) > 10
    without = {name for _, name, noted in found if not noted}
    assert without == NOT_AUDITED


def test_each_move_of_a_run_is_in_its_trail(world, run_id):
    with world.platform.database.read() as session:
        trail = [(row.actor, row.action) for row in audit.trail(session, f"run:{run_id}")]
    # The row and its charge, then the queue.
    assert trail == [
        (worlds.AUDITOR, "reserve run"),
        (worlds.AUDITOR, "reserve run"),
        ("server", "queue run"),
    ]


def test_a_transaction_that_fails_leaves_no_audit_row(database):
    with pytest.raises(ZeroDivisionError), database.write() as session:
        audit.note(session, Act("a", "b", 1.0), "run:x")
        raise ZeroDivisionError
    with database.read() as session:
        assert session.scalar(select(func.count(audit.AuditRow.id))) == 0


def test_a_move_that_fails_is_not_in_the_trail(database):
    with database.write() as session:
        assert not runs.move(session, "nobody", "QUEUED", "PREFLIGHT", Act("a", "b", 1.0))
    with database.read() as session:
        assert audit.trail(session, "run:nobody") == []


@pytest.mark.parametrize("edit", ["change", "delete"])
def test_the_trail_is_append_only(database, edit):
    with database.write() as session:
        audit.note(session, Act("a", "b", 1.0), "run:x")
    with pytest.raises(RuntimeError, match="append-only"), database.write() as session:
        row = audit.trail(session, "run:x")[0]
        if edit == "change":
            row.actor = "somebody else"
        else:
            session.delete(row)
    with database.read() as session:
        assert [row.actor for row in audit.trail(session, "run:x")] == ["a"]
