"""People and their one-time links: who may add, reset and shut out; the first operator."""

import pytest

from harness.errors import Conflict, InvalidInput, NotAllowed, NotFound, NotSignedIn, Unavailable
from harness.services.access import Actor
from harness.services.parties import passwords, people, sessions, tokens
from tests.support import world as worlds
from tests.support.accounts import ALICE, HERE, PASSWORD
from tests.support.queries import counted

OPERATOR = worlds.OPERATOR
ROOT = Actor("operator", "operator", "root@example.org")


def alice_as_actor():
    return Actor(worlds.AUDITOR, "auditor", ALICE)


def test_a_new_person_has_no_password_and_a_link(write, read, platform, link):
    assert read(people.members, OPERATOR) == [
        people.Member(ALICE, "Alice", (worlds.AUDITOR,), has_password=False, disabled=False)
    ]
    assert read(sessions.invited, platform, link) == sessions.Invited(ALICE, "Alice")


@pytest.mark.parametrize("role", ["auditor", "vendor", "regulator", "public"])
def test_only_the_operator_looks_after_people(write, read, platform, link, role):
    somebody = Actor("example-somebody", role, "somebody")
    for act in (people.new_link, people.shut_out, people.let_in):
        with pytest.raises(NotAllowed):
            write(act, platform, somebody, ALICE)
    with pytest.raises(NotAllowed):
        write(people.add, platform, somebody, "b@example.org", "Bob", worlds.AUDITOR)
    with pytest.raises(NotAllowed):
        read(people.members, somebody)
    assert read(sessions.invited, platform, link) is not None


def test_everything_wrong_with_a_new_person_is_said_at_once(write, platform):
    with pytest.raises(InvalidInput) as caught:
        write(people.add, platform, OPERATOR, "Alice Smith", " ", "nobody")
    assert [problem.partition(":")[0] for problem in caught.value.problems] == [
        "login",
        "name",
        "organisation",
    ]


@pytest.mark.parametrize("login", ["", "a", "A@b", "a b", "a\n", "a" * 121, "-a", "ä@b"])
def test_a_login_of_another_form_is_refused(write, platform, login):
    with pytest.raises(InvalidInput, match="login"):
        write(people.add, platform, OPERATOR, login, "Name", worlds.AUDITOR)


def test_somebody_may_act_for_two_organisations_but_is_added_to_each_once(write, read, platform):
    for organisation in (worlds.VENDOR, worlds.AUDITOR):
        write(people.add, platform, OPERATOR, ALICE, "Alice", organisation)
    assert [actor.organisation for actor in read(people.organisations_of, ALICE)] == [
        worlds.AUDITOR,
        worlds.VENDOR,
    ]
    with pytest.raises(Conflict, match="already"):
        write(people.add, platform, OPERATOR, ALICE, "Alice", worlds.VENDOR)


def test_a_new_link_is_a_new_start(write, read, platform, alice, person):
    secret = sessions.sign_in(platform, alice, PASSWORD, HERE)
    earlier = write(people.new_link, platform, OPERATOR, alice)
    later = write(people.new_link, platform, OPERATOR, alice)
    assert person(alice).password is None
    assert read(sessions.look, platform, secret) is None
    assert read(sessions.invited, platform, earlier) is None
    assert read(sessions.invited, platform, later) is not None
    with pytest.raises(InvalidInput):
        sessions.sign_in(platform, alice, PASSWORD, HERE)


def test_who_is_shut_out_is_out_everywhere_at_once(write, read, platform, alice):
    by_browser = sessions.sign_in(platform, alice, PASSWORD, HERE)
    _, by_program = write(tokens.issue, platform, alice_as_actor(), "t", ["read"], 1)
    write(people.shut_out, platform, ROOT, alice)
    assert read(sessions.look, platform, by_browser) is None
    with pytest.raises(NotSignedIn):
        tokens.actor_of(platform, by_program, HERE)
    with pytest.raises(InvalidInput, match="do not fit together"):
        sessions.sign_in(platform, alice, PASSWORD, HERE)
    for act in (people.new_link, people.shut_out):
        with pytest.raises(NotFound):
            write(act, platform, ROOT, alice)
    with pytest.raises(Conflict, match="shut out"):
        write(people.add, platform, ROOT, alice, "Alice", worlds.VENDOR)


def test_a_link_does_not_let_in_who_was_shut_out(write, read, platform, link):
    write(people.shut_out, platform, ROOT, ALICE)
    assert read(sessions.invited, platform, link) is None
    with pytest.raises(InvalidInput):
        write(sessions.sign_in_by_link, platform, link)


def test_who_is_let_in_again_starts_anew(write, read, platform, alice):
    write(people.shut_out, platform, ROOT, alice)
    secret = write(people.let_in, platform, ROOT, alice)
    with pytest.raises(InvalidInput):
        sessions.sign_in(platform, alice, PASSWORD, HERE)
    found = read(sessions.look, platform, write(sessions.sign_in_by_link, platform, secret))
    assert (found.login, found.has_password) == (alice, False)
    with pytest.raises(Conflict):
        write(people.let_in, platform, ROOT, alice)


def test_an_operator_cannot_shut_itself_out(write, platform):
    write(people.add, platform, OPERATOR, ROOT.person, "Root", worlds.REGULATOR)
    with pytest.raises(Conflict, match="yourself"):
        write(people.shut_out, platform, ROOT, ROOT.person)


def test_the_first_start_gives_the_operator_a_link(write, read, platform):
    secret = write(people.first_operator, platform)
    found = read(sessions.look, platform, write(sessions.sign_in_by_link, platform, secret))
    assert (found.login, found.actor.role) == ("operator", "operator")


def test_a_lost_link_is_given_again_until_somebody_has_a_password(write, read, platform):
    lost = write(people.first_operator, platform)
    again = write(people.first_operator, platform)
    assert read(sessions.invited, platform, lost) is None
    assert read(sessions.invited, platform, again) is not None
    passwords.change(platform, "operator", "", PASSWORD, "")
    assert write(people.first_operator, platform) is None


def test_the_operator_s_name_is_not_lent_to_another_role(write, platform):
    with platform.database.write() as session:
        worlds.registry.add_organisation(
            session, platform, OPERATOR, "operator", "regulator", None, None
        )
    with pytest.raises(Unavailable, match="ASSAY_OPERATOR"):
        write(people.first_operator, platform)


def test_a_list_of_people_asks_two_questions_however_many_there_are(write, read, platform):
    for number in range(12):
        write(people.add, platform, OPERATOR, f"p{number}", "Name", worlds.AUDITOR)
    with counted(platform.database) as asked:
        assert len(read(people.members, OPERATOR)) == 12
    assert len(asked) == 2


def test_what_was_done_to_a_person_is_in_the_trail(write, platform, alice, trail):
    write(people.new_link, platform, ROOT, alice)
    acts = [action for actor, action in trail(f"person:{alice}") if actor == ROOT.label]
    assert set(acts) == {"give sign-in link"}
    assert (alice, "set password") in trail(f"person:{alice}")
