"""Passwords: one answer to whatever is wrong, and what a new one ends."""

import pytest

from harness.errors import Conflict, InvalidInput, TooManyAttempts
from harness.records import people as rows
from harness.records.base import Act
from harness.services.parties import passwords, people, sessions, throttle
from tests.support import world as worlds
from tests.support.accounts import ALICE, HERE, PASSWORD

OTHER = "another horse battery"


def test_a_password_is_kept_as_argon2(alice, person):
    assert person(alice).password.startswith("$argon2id$")
    assert PASSWORD not in person(alice).password


@pytest.mark.parametrize(
    ("login", "password"),
    [
        (ALICE, "wrong horse battery"),
        (ALICE, ""),
        (ALICE, PASSWORD + " "),
        ("nobody@example.org", PASSWORD),
        ("", PASSWORD),
        ("alice@example.edu\0", PASSWORD),
        ("x" * 100_000, "y" * 100_000),
    ],
)
def test_whatever_is_wrong_the_answer_is_the_same(platform, alice, login, password):
    with pytest.raises(InvalidInput) as caught:
        sessions.sign_in(platform, login, password, HERE)
    assert caught.value.problems == ("login: login and password do not fit together",)


def test_somebody_without_a_password_cannot_sign_in_by_one(platform, link):
    with pytest.raises(InvalidInput):
        sessions.sign_in(platform, ALICE, "", HERE)


def test_a_password_is_checked_for_nobody_too(platform, alice, monkeypatch):
    """Else the time of an answer would tell who has a login."""
    checked = []
    fits = passwords._fits
    monkeypatch.setattr(
        passwords, "_fits", lambda text, stored: checked.append(stored) or fits(text, stored)
    )
    for login in (alice, "nobody@example.org"):
        with pytest.raises(InvalidInput):
            sessions.sign_in(platform, login, "wrong horse battery", HERE)
    assert len(checked) == 2
    assert checked[1] is None


def test_the_beginning_of_a_longest_password_is_not_the_password(platform, link):
    longest = "abcdefgh" * 32
    passwords.change(platform, ALICE, "", longest, "")
    sessions.sign_in(platform, ALICE, longest, HERE)
    with pytest.raises(InvalidInput):
        sessions.sign_in(platform, ALICE, longest + "x", HERE)


@pytest.mark.parametrize(
    "new", ["", "short", "a" * 300, "aaaaaaaaaaaaaaaa", "abababababababab", ALICE.upper()]
)
def test_a_bad_new_password_is_refused(platform, alice, new):
    with pytest.raises(InvalidInput, match="password"):
        passwords.change(platform, alice, PASSWORD, new, "")
    sessions.sign_in(platform, alice, PASSWORD, HERE)


def test_the_present_password_is_asked_for_when_there_is_one(platform, alice):
    for current in ("", "wrong horse battery"):
        with pytest.raises(InvalidInput, match="current"):
            passwords.change(platform, alice, current, OTHER, "")
    passwords.change(platform, alice, PASSWORD, OTHER, "")
    sessions.sign_in(platform, alice, OTHER, HERE)


def test_whoever_sits_at_an_open_session_cannot_guess_the_password(platform, alice):
    for _ in range(throttle.PASSWORD.count):
        with pytest.raises(InvalidInput):
            passwords.change(platform, alice, "wrong horse battery", OTHER, "")
    with pytest.raises(TooManyAttempts):
        passwords.change(platform, alice, PASSWORD, OTHER, "")


def test_a_new_password_ends_other_sessions_and_links_but_not_its_own(platform, write, read, alice):
    mine = sessions.sign_in(platform, alice, PASSWORD, HERE)
    stolen = sessions.sign_in(platform, alice, PASSWORD, HERE)
    other = write(people.add, platform, worlds.OPERATOR, alice, "Alice", worlds.VENDOR)
    passwords.change(platform, alice, PASSWORD, OTHER, mine)
    assert read(sessions.look, platform, mine) is not None
    assert read(sessions.look, platform, stolen) is None
    assert read(sessions.invited, platform, other) is None


def test_of_two_browsers_that_set_a_first_password_one_is_refused(platform, link, monkeypatch):
    hashing = passwords._hasher.hash

    def meanwhile(_hasher, text):
        monkeypatch.undo()
        passwords.change(platform, ALICE, "", OTHER, "")
        return hashing(text)

    monkeypatch.setattr(type(passwords._hasher), "hash", meanwhile)
    with pytest.raises(Conflict, match="elsewhere"):
        passwords.change(platform, ALICE, "", PASSWORD, "")
    sessions.sign_in(platform, ALICE, OTHER, HERE)


@pytest.mark.parametrize("event", ["changed", "shut out"])
def test_an_old_password_gives_no_session_once_it_is_over(platform, alice, monkeypatch, event):
    """What happens between checking the password and beginning the session counts."""
    verify = passwords.verify

    def meanwhile(*arguments):
        found = verify(*arguments)
        act = Act("test", "test", platform.clock())
        with platform.database.write() as session:
            if event == "changed":
                rows.set_password(session, alice, passwords._hasher.hash(OTHER), act)
            else:
                rows.set_disabled(session, alice, act.at, act)
        return found

    monkeypatch.setattr(passwords, "verify", meanwhile)
    with pytest.raises(InvalidInput, match="do not fit together"):
        sessions.sign_in(platform, alice, PASSWORD, HERE)
