"""API tokens: shown once, kept as digests, and never more than their person may do."""

import pytest

from harness.errors import (
    Conflict,
    InvalidInput,
    NotAllowed,
    NotFound,
    NotSignedIn,
    TooManyAttempts,
)
from harness.records import people as rows
from harness.services.access import Actor
from harness.services.parties import people, secrets, throttle, tokens
from tests.support import world as worlds
from tests.support.accounts import ALICE, HERE

DAY = 86400
BOTH = ["read", "write"]


@pytest.fixture
def actor(alice):
    return Actor(worlds.AUDITOR, "auditor", alice)


@pytest.fixture
def issue(write, platform, actor):
    def call(scopes=BOTH, days=1, by=actor):
        return write(tokens.issue, platform, by, "a name", list(scopes), days)

    return call


def test_a_token_acts_for_its_person_and_organisation(platform, issue, clock):
    token, secret = issue()
    found = tokens.actor_of(platform, secret, HERE)
    assert found == Actor(worlds.AUDITOR, "auditor", ALICE, frozenset(BOTH), clock.now + DAY)
    assert secret.startswith("assay_")
    assert secret not in str(token)


def test_only_a_digest_is_stored(platform, issue):
    _, secret = issue()
    platform.database.close()
    folder = platform.settings.data_dir
    content = b"".join(path.read_bytes() for path in folder.glob("assay.sqlite3*"))
    assert secrets.digest(secret).encode() in content
    assert secret.removeprefix("assay_").encode() not in content


@pytest.mark.parametrize("role", ["auditor", "vendor", "regulator", "operator"])
def test_every_party_may_have_tokens(read, platform, write, role):
    actor = Actor("somebody", role, None)
    with pytest.raises(InvalidInput, match="person"):
        write(tokens.issue, platform, actor, "name", ["read"], 1)


@pytest.mark.parametrize(
    ("name", "scopes", "days", "field"),
    [
        ("", BOTH, 1, "name"),
        ("a\nb", BOTH, 1, "name"),
        ("n" * 81, BOTH, 1, "name"),
        ("n", [], 1, "scopes"),
        ("n", ["write"], 1, "scopes"),
        ("n", ["read", "admin"], 1, "scopes"),
        ("n", BOTH, 0, "days"),
        ("n", BOTH, 367, "days"),
    ],
)
def test_a_token_of_another_form_is_refused(write, platform, actor, name, scopes, days, field):
    with pytest.raises(InvalidInput) as caught:
        write(tokens.issue, platform, actor, name, scopes, days)
    assert [problem.partition(":")[0] for problem in caught.value.problems] == [field]


def test_a_token_that_only_reads_makes_and_ends_no_tokens(platform, write, issue):
    token, secret = issue(["read"])
    reader = tokens.actor_of(platform, secret, HERE)
    with pytest.raises(NotAllowed):
        issue(["read"], by=reader)
    with pytest.raises(NotAllowed):
        write(tokens.revoke, platform, reader, token.id)


def test_a_token_made_with_a_token_does_not_outlive_it(platform, issue, clock):
    _, secret = issue(days=2)
    clock.now += DAY
    child, child_secret = issue(days=300, by=tokens.actor_of(platform, secret, HERE))
    assert child.expires_at == clock.now + DAY
    clock.now += DAY
    for text in (secret, child_secret):
        with pytest.raises(NotSignedIn):
            tokens.actor_of(platform, text, HERE)


def test_a_token_expires(platform, issue, clock):
    _, secret = issue(days=3)
    clock.now += 3 * DAY - 1
    tokens.actor_of(platform, secret, HERE)
    clock.now += 1
    with pytest.raises(NotSignedIn):
        tokens.actor_of(platform, secret, HERE)


def test_a_revoked_token_is_over_and_gone_from_the_list(platform, read, write, actor, issue):
    token, secret = issue()
    assert [row.id for row in read(tokens.own, platform, actor)] == [token.id]
    write(tokens.revoke, platform, actor, token.id)
    assert read(tokens.own, platform, actor) == []
    with pytest.raises(NotSignedIn):
        tokens.actor_of(platform, secret, HERE)
    with pytest.raises(NotFound):
        write(tokens.revoke, platform, actor, token.id)


def test_an_expired_token_is_gone_from_the_list(platform, read, actor, issue, clock):
    issue(days=1)
    clock.now += DAY
    assert read(tokens.own, platform, actor) == []


def test_tokens_of_others_and_of_another_organisation_are_not_there(
    platform, read, write, issue, actor
):
    token, _ = issue()
    write(people.add, platform, worlds.OPERATOR, ALICE, "Alice", worlds.VENDOR)
    colleague = Actor(worlds.AUDITOR, "auditor", "bob@example.edu")
    elsewhere = Actor(worlds.VENDOR, "vendor", ALICE)
    for foreign in (colleague, elsewhere):
        assert read(tokens.own, platform, foreign) == []
        with pytest.raises(NotFound):
            read(tokens.find, foreign, token.id)
        with pytest.raises(NotFound):
            write(tokens.revoke, platform, foreign, token.id)
    assert read(tokens.find, actor, token.id) == token


def test_a_token_is_over_when_its_person_leaves_the_organisation(platform, issue):
    _, secret = issue()
    with platform.database.write() as session:
        session.delete(session.get(rows.Membership, (ALICE, worlds.AUDITOR)))
    with pytest.raises(NotSignedIn):
        tokens.actor_of(platform, secret, HERE)


@pytest.mark.parametrize("text", ["", "x", "assay_", "assay_" + "x" * 43, "é", "\0"])
def test_a_token_that_we_did_not_make_is_nobody(platform, issue, text):
    issue()
    with pytest.raises(NotSignedIn):
        tokens.actor_of(platform, text, HERE)


def test_wrong_tokens_are_throttled_and_right_ones_of_the_same_place_are_not(platform, issue):
    _, secret = issue()
    for _ in range(throttle.TOKEN_SOURCE.count):
        with pytest.raises(NotSignedIn):
            tokens.actor_of(platform, "wrong", HERE)
    with pytest.raises(TooManyAttempts):
        tokens.actor_of(platform, "wrong", HERE)
    assert tokens.actor_of(platform, secret, HERE).person == ALICE
    with pytest.raises(NotSignedIn):
        tokens.actor_of(platform, "wrong", "192.0.2.2")


def test_nobody_has_more_tokens_than_a_list_shows(issue, clock):
    for _ in range(tokens.MOST):
        issue()
    with pytest.raises(Conflict, match="revoke"):
        issue()
    clock.now += DAY
    issue()


def test_what_was_done_is_in_the_trail(platform, write, actor, issue, trail):
    token, secret = issue()
    write(tokens.revoke, platform, actor, token.id)
    acts = trail(f"token:{token.id}")
    assert acts == [(actor.label, "add token"), (actor.label, "revoke token")]
    assert secret not in str(acts)
