"""Accounts on both databases: what two processes do at once has one outcome."""

import threading
from dataclasses import replace

import pytest

from harness.config import Settings
from harness.errors import HarnessError, InvalidInput, NotFound, TooManyAttempts
from harness.records.database import Database
from harness.services.access import Actor
from harness.services.parties import passwords, people, registry, sessions, throttle, tokens
from harness.services.platform.opening import initialise, open_platform
from tests.support.accounts import ALICE, HERE, PASSWORD, quick_passwords
from tests.support.world import OPERATOR

ROUNDS = 20


@pytest.fixture(scope="module", autouse=True)
def quick():
    with quick_passwords():
        yield


@pytest.fixture
def opened(database_url, tmp_path):
    """The platform as two processes have it open."""
    settings = Settings(data_dir=tmp_path / "data", database_url=database_url)
    initialise(settings)
    platform = open_platform(settings)
    other = Database(settings.database)
    with platform.database.write() as session:
        registry.add_organisation(session, platform, OPERATOR, "state", "regulator", None, None)
    yield platform, replace(platform, database=other)
    platform.database.close()
    other.close()


def add(platform, login):
    with platform.database.write() as session:
        return people.add(session, platform, OPERATOR, login, login, "state")


def at_once(opened, act):
    """What each of the two processes gets, begun at the same moment: a value or an error."""
    ready, outcomes = threading.Barrier(len(opened)), []

    def work(platform):
        ready.wait()
        try:
            outcomes.append(act(platform))
        except HarnessError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=work, args=(platform,)) for platform in opened]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == len(opened)
    return outcomes


def errors(outcomes):
    return [outcome for outcome in outcomes if isinstance(outcome, HarnessError)]


def test_a_link_that_is_used_twice_at_once_signs_in_once(opened):
    for number in range(ROUNDS):
        secret = add(opened[0], f"person{number}")

        def use(platform, secret=secret):
            with platform.database.write() as session:
                return sessions.sign_in_by_link(session, platform, secret)

        failed = errors(at_once(opened, use))
        assert [type(error) for error in failed] == [InvalidInput]


def test_two_first_passwords_at_once_leave_one(opened):
    for number in range(ROUNDS):
        login = f"person{number}"
        add(opened[0], login)
        choices = {id(opened[0]): PASSWORD, id(opened[1]): PASSWORD[::-1]}

        def choose(platform, login=login, choices=choices):
            passwords.change(platform, login, "", choices[id(platform)], "")

        at_once(opened, choose)
        fitting = 0
        for password in choices.values():
            try:
                sessions.sign_in(opened[0], login, password, HERE)
            except InvalidInput:
                continue
            fitting += 1
        assert fitting == 1


def test_attempts_of_two_processes_are_counted_together(opened):
    add(opened[0], ALICE)
    passwords.change(opened[0], ALICE, "", PASSWORD, "")
    for number in range(throttle.LOGIN.count):
        with pytest.raises(InvalidInput):
            sessions.sign_in(opened[number % 2], ALICE, "wrong horse battery", HERE)
    for platform in opened:
        with pytest.raises(TooManyAttempts):
            sessions.sign_in(platform, ALICE, PASSWORD, HERE)


def test_a_first_operator_who_is_made_twice_at_once_is_one(opened):
    def first(platform):
        with platform.database.write() as session:
            return people.first_operator(session, platform)

    links = at_once(opened, first)
    assert errors(links) == []
    with opened[0].database.read() as session:
        working = [sessions.invited(session, opened[0], link) for link in links]
        assert [row.login for row in people.members(session, OPERATOR)] == ["operator"]
    assert working.count(None) == 1


def test_text_that_a_database_cannot_hold_is_nobody_s(opened):
    platform = opened[0]
    add(platform, ALICE)
    with platform.database.read() as session:
        for text in ("\0", "a\0b", "x" * 10_000, "🙂"):
            with pytest.raises(NotFound):
                tokens.find(session, Actor("state", "regulator", ALICE), text)
            assert sessions.look(session, platform, text) is None
            assert sessions.invited(session, platform, text) is None
    for text in ("\0", "a\0b", "x" * 10_000):
        with pytest.raises(InvalidInput):
            sessions.sign_in(platform, text, text, HERE)
        with pytest.raises(NotFound), platform.database.write() as session:
            people.shut_out(session, platform, OPERATOR, text)
