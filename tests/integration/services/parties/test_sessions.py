"""Sessions: opaque, server-side, renewed at each sign-in, over when they are over."""

import threading

import pytest

from harness.errors import InvalidInput, NotFound
from harness.records import people as rows
from harness.services.access import Actor
from harness.services.parties import people, secrets, sessions
from tests.support import world as worlds
from tests.support.accounts import ALICE, HERE, PASSWORD
from tests.support.queries import counted

HOUR = 3600


@pytest.fixture
def secret(platform, alice):
    return sessions.sign_in(platform, alice, PASSWORD, HERE)


def test_a_session_tells_who_it_is(read, platform, secret):
    assert read(sessions.look, platform, secret) == sessions.SignedIn(
        login=ALICE,
        name="Alice",
        has_password=True,
        actor=Actor(worlds.AUDITOR, "auditor", ALICE),
        organisations=(worlds.AUDITOR,),
    )


def test_only_digests_of_secrets_are_stored(platform, secret, link):
    platform.database.close()
    folder = platform.settings.data_dir
    content = b"".join(path.read_bytes() for path in folder.glob("assay.sqlite3*"))
    assert secrets.digest(secret).encode() in content
    assert [text for text in (secret, link, PASSWORD) if text.encode() in content] == []


def test_secrets_differ_and_are_long(platform, alice):
    found = {sessions.sign_in(platform, alice, PASSWORD, HERE) for _ in range(5)}
    assert len(found) == 5
    assert min(len(text) for text in found) >= 43


@pytest.mark.parametrize("made_up", ["", "x", "fixed-by-an-attacker", "\0", "é"])
def test_a_secret_that_we_did_not_make_is_nobody(read, platform, secret, made_up):
    assert read(sessions.look, platform, made_up) is None


def test_signing_in_renews_the_secret_and_ends_the_old_session(platform, read, secret):
    """An attacker who planted his own session's secret learns nothing of the new one."""
    renewed = sessions.sign_in(platform, ALICE, PASSWORD, HERE, old=secret)
    assert renewed != secret
    assert read(sessions.look, platform, secret) is None
    assert read(sessions.look, platform, renewed) is not None


def test_a_planted_secret_does_not_become_a_session(platform, read, alice):
    sessions.sign_in(platform, alice, PASSWORD, HERE, old="planted-by-an-attacker")
    assert read(sessions.look, platform, "planted-by-an-attacker") is None


def test_a_session_ends_when_its_hours_are_over(read, platform, secret, clock):
    hours = platform.settings.session_hours
    clock.now += hours * HOUR - 1
    assert read(sessions.look, platform, secret) is not None
    clock.now += 1
    assert read(sessions.look, platform, secret) is None


def test_signing_out_ends_this_session_alone(platform, read, write, secret):
    other = sessions.sign_in(platform, ALICE, PASSWORD, HERE)
    for _ in range(2):
        write(sessions.sign_out, platform, secret)
    assert read(sessions.look, platform, secret) is None
    assert read(sessions.look, platform, other) is not None


def test_other_sessions_are_counted_and_ended(platform, read, write, secret, clock):
    expired = sessions.sign_in(platform, ALICE, PASSWORD, HERE)
    clock.now += platform.settings.session_hours * HOUR
    here = sessions.sign_in(platform, ALICE, PASSWORD, HERE)
    elsewhere = sessions.sign_in(platform, ALICE, PASSWORD, HERE)
    assert read(sessions.others, platform, ALICE, here) == 1
    write(sessions.end_others, platform, ALICE, here)
    assert read(sessions.others, platform, ALICE, here) == 0
    alive = [read(sessions.look, platform, text) for text in (expired, here, elsewhere)]
    assert [found is not None for found in alive] == [False, True, False]


def test_a_link_signs_in_once(read, write, platform, link):
    secret = write(sessions.sign_in_by_link, platform, link)
    assert read(sessions.look, platform, secret).login == ALICE
    assert read(sessions.invited, platform, link) is None
    with pytest.raises(InvalidInput, match="used already"):
        write(sessions.sign_in_by_link, platform, link)


def test_looking_at_a_link_does_not_use_it_up(read, write, platform, link):
    for _ in range(3):
        assert read(sessions.invited, platform, link).login == ALICE
    write(sessions.sign_in_by_link, platform, link)


@pytest.mark.parametrize("wrong", ["", "x", "../../etc/passwd", "\0"])
def test_a_link_that_we_did_not_make_signs_nobody_in(read, write, platform, link, wrong):
    assert read(sessions.invited, platform, wrong) is None
    with pytest.raises(InvalidInput):
        write(sessions.sign_in_by_link, platform, wrong)


def test_a_link_expires(read, write, platform, link, clock):
    clock.now += people.LINK_S
    assert read(sessions.invited, platform, link) is None
    with pytest.raises(InvalidInput, match="expired"):
        write(sessions.sign_in_by_link, platform, link)


def test_a_digest_that_leaked_from_the_database_signs_nobody_in(write, read, platform, link):
    with pytest.raises(InvalidInput):
        write(sessions.sign_in_by_link, platform, secrets.digest(link))
    secret = write(sessions.sign_in_by_link, platform, link)
    assert read(sessions.look, platform, secrets.digest(secret)) is None


def test_a_link_renews_the_session_of_whoever_was_here(write, read, platform, link):
    write(people.add, platform, worlds.OPERATOR, "bob", "Bob", worlds.VENDOR)
    bobs = write(people.new_link, platform, worlds.OPERATOR, "bob")
    before = write(sessions.sign_in_by_link, platform, bobs)
    after = write(sessions.sign_in_by_link, platform, link, old=before)
    assert read(sessions.look, platform, before) is None
    assert read(sessions.look, platform, after).login == ALICE


def test_of_two_processes_that_use_one_link_at_once_one_signs_in(write, platform, elsewhere):
    for round_ in range(10):
        login = f"person{round_}"
        link = write(people.add, platform, worlds.OPERATOR, login, "Name", worlds.AUDITOR)
        ready, outcomes = threading.Barrier(2), []

        def use(opened, link=link, ready=ready, outcomes=outcomes):
            ready.wait()
            try:
                with opened.database.write() as session:
                    outcomes.append(sessions.sign_in_by_link(session, opened, link))
            except InvalidInput:
                outcomes.append(None)

        threads = [threading.Thread(target=use, args=(one,)) for one in (platform, elsewhere)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(outcomes) == 2
        assert outcomes.count(None) == 1


def test_a_session_acts_for_its_persons_organisations_only(read, write, platform, secret):
    write(people.add, platform, worlds.OPERATOR, ALICE, "Alice", worlds.REGULATOR)
    write(sessions.act_for, platform, secret, worlds.REGULATOR)
    assert read(sessions.look, platform, secret).actor.role == "regulator"
    for foreign in (worlds.VENDOR, "nobody", ""):
        with pytest.raises(NotFound):
            write(sessions.act_for, platform, secret, foreign)
    with pytest.raises(NotFound):
        write(sessions.act_for, platform, "not a session", worlds.AUDITOR)
    assert read(sessions.look, platform, secret).actor.role == "regulator"


def test_somebody_without_an_organisation_acts_for_nobody(read, platform, secret):
    with platform.database.write() as session:
        session.delete(session.get(rows.Membership, (ALICE, worlds.AUDITOR)))
    assert read(sessions.look, platform, secret).actor is None


def test_the_trail_names_people_and_never_a_secret(write, platform, trail, link):
    secret = write(sessions.sign_in_by_link, platform, link)
    write(sessions.sign_out, platform, secret)
    acts = trail(f"person:{ALICE}")
    assert {"sign in by link", "sign out"} <= {action for _, action in acts}
    assert [act for act in acts if secret in str(act) or link in str(act)] == []


def test_looking_at_a_session_asks_one_question_for_any_number_of_organisations(
    read, write, platform, secret
):
    write(people.add, platform, worlds.OPERATOR, ALICE, "Alice", worlds.REGULATOR)
    write(people.add, platform, worlds.OPERATOR, ALICE, "Alice", worlds.VENDOR)
    with counted(platform.database) as asked:
        assert len(read(sessions.look, platform, secret).organisations) == 3
    assert len(asked) == 1
