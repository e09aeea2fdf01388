"""The log as anybody reads it: complete, provable, and silent about what is not public yet."""

import json

import pytest

from evals import pack
from harness.documents import envelope
from harness.errors import NotFound
from harness.paging import Cursor, Window
from harness.records.base import Act
from harness.services import suites
from harness.services.access import PUBLIC
from harness.services.agreements.terms import Terms
from harness.services.platform import outbox
from harness.services.publication import log
from harness.tlog import checkpoint, tree
from tests.support import copies
from tests.support import world as worlds
from tests.support.queries import counted

QUESTIONS = worlds.suite_files(worlds.simple_questions(20))
TERMS = Terms(run_wall_clock_s=20, start_within_s=10, grid_s=10, runs=2)


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    world = worlds.make(tmp_path_factory.mktemp("origin") / "data")
    world.image()
    world.model()
    yield world
    world.platform.database.close()


@pytest.fixture
def world(origin, tmp_path):
    world = copies.copy(origin, tmp_path / "data")
    yield world
    world.platform.database.close()


@pytest.fixture
def reads(world):
    def read(function, *arguments):
        with world.platform.database.read() as session:
            return function(session, *arguments)

    return read


def proposed(world):
    world.suite(QUESTIONS)
    digest = pack.digest(suites.build(QUESTIONS))
    return world.propose(world.draft(digest, TERMS))


def everything(reads):
    return reads(log.entries, PUBLIC, Window(100)).rows


def test_an_empty_log_has_no_head_and_no_entries(world, reads):
    assert reads(log.head, world.platform, PUBLIC) is None
    assert everything(reads) == []


def test_the_head_is_the_signed_one(world, reads):
    proposed(world)
    head = reads(log.head, world.platform, PUBLIC)
    public = world.platform.log_key.public_key().public_bytes_raw()
    signed = checkpoint.verify(head.note, head.origin, public)
    assert (signed.size, log.to_base64(signed.root)) == (head.size, head.root)
    assert head.trust_root == world.platform.trust_root_digest


def test_every_entry_proves_itself_under_the_head(world, reads):
    world.reserve(sign(world, proposed(world)))
    head = reads(log.head, world.platform, PUBLIC)
    assert head.size == 6
    for index in range(head.size):
        proved = reads(log.entry, PUBLIC, index)
        root = checkpoint.verify(
            proved.checkpoint, head.origin, world.platform.log_key.public_key().public_bytes_raw()
        ).root
        leaf = bytes.fromhex(proved.entry.leaf_hash)
        tree.verify_inclusion(leaf, index, head.size, proved.proof, root)
        if proved.leaf is not None:
            assert tree.leaf_hash(proved.leaf) == leaf
            assert envelope.parse(proved.envelope).pae_digest == proved.entry.digest


def sign(world, protocol_id):
    world.sign(protocol_id)
    return protocol_id


def test_a_proposal_is_only_counted_until_it_is_registered(world, reads):
    protocol_id = proposed(world)
    assert [(row.kind, row.withheld) for row in everything(reads)] == [
        ("protocol-approval", True),
        ("protocol-proposal", True),
        ("suite-submission", True),
    ]
    world.sign(protocol_id)
    assert {row.kind: row.withheld for row in everything(reads)} == {
        "protocol-activation": False,
        "protocol-approval": False,
        "protocol-proposal": False,
        "suite-submission": True,
    }


def test_nothing_of_a_withheld_statement_is_given(world, reads):
    proposed(world)
    for index in range(3):
        proved = reads(log.entry, PUBLIC, index)
        assert (proved.envelope, proved.leaf) == (None, None)
        shown = json.dumps([str(proved.entry), str(proved.proof), proved.checkpoint])
        assert worlds.AUDITOR not in shown


def test_what_waits_for_its_slot_is_not_there(world, reads):
    world.reserve(sign(world, proposed(world)))
    before = everything(reads)
    now = world.platform.clock()
    with world.platform.database.write() as session:
        act = Act("server", "end run", now)
        fields = {"run": "0" * 16, "ordinal": 1, "outcome": "FAILED"}
        subjects = {"protocol": "sha256:" + "0" * 64}
        outbox.issue(
            session, world.platform, "run-end", subjects, fields, act, not_before=now + 3600
        )
    world.settle()
    assert everything(reads) == before
    with pytest.raises(NotFound):
        reads(log.entry, PUBLIC, len(before))


def test_the_time_shown_of_an_entry_is_its_slot_and_not_when_it_was_written(world, reads):
    now = world.platform.clock()
    with world.platform.database.write() as session:
        act = Act("server", "end run", now - 500)
        fields = {"run": "0" * 16, "ordinal": 1, "outcome": "FAILED"}
        subjects = {"protocol": "sha256:" + "0" * 64}
        outbox.issue(session, world.platform, "run-end", subjects, fields, act, not_before=now - 10)
    world.settle()
    assert [row.logged_at for row in everything(reads)] == [now - 10]
    assert reads(log.head, world.platform, PUBLIC).grew_at == now - 10


def test_pages_follow_one_another_without_gap_or_repeat(world, reads):
    sign(world, proposed(world))
    seen, after = [], None
    while True:
        page = reads(log.entries, PUBLIC, Window(2, after))
        seen += [row.index for row in page.rows]
        after = page.next
        if after is None:
            break
    assert seen == [4, 3, 2, 1, 0]


@pytest.mark.parametrize("at", [-1e300, -1.0, 0.0, 2**63, 1e300])
def test_a_cursor_of_any_number_gives_a_page(world, reads, at):
    proposed(world)
    found = reads(log.entries, PUBLIC, Window(10, Cursor(at, "")))
    assert len(found.rows) == (3 if at > 3 else 0)


@pytest.mark.parametrize("index", [-(2**70), -1, 3, 2**70])
def test_an_index_outside_the_log_is_not_found(world, reads, index):
    proposed(world)
    with pytest.raises(NotFound):
        reads(log.entry, PUBLIC, index)


def test_a_list_asks_the_same_number_of_questions_however_long_it_is(world, reads):
    proposed(world)
    with counted(world.platform.database) as few:
        everything(reads)
    for _ in range(4):
        proposed(world)
    with counted(world.platform.database) as many:
        everything(reads)
    assert len(few) == len(many) == 2
