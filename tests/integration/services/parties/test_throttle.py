"""Throttling: counted in the database, before anything is looked at, for all processes."""

import threading

import pytest

from harness.errors import InvalidInput, TooManyAttempts
from harness.services.parties import sessions, throttle
from harness.services.publication.tidy import tidy
from tests.support.accounts import HERE, PASSWORD

THREE = throttle.Limit("three", 3, 60)
FIVE = throttle.Limit("five", 5, 60)


def tries(platform, count, limit=THREE, who="somebody"):
    for _ in range(count):
        throttle.attempt(platform, (limit, who))


def test_so_many_attempts_and_no_more(platform):
    tries(platform, 3)
    with pytest.raises(TooManyAttempts):
        tries(platform, 1)
    tries(platform, 3, who="somebody else")
    tries(platform, 3, FIVE)


def test_the_wait_is_told_and_is_enough(platform, clock):
    tries(platform, 3)
    clock.now += 20.5
    with pytest.raises(TooManyAttempts) as caught:
        tries(platform, 1)
    assert caught.value.retry_after_s == 40
    clock.now += 40
    tries(platform, 3)


def test_trying_while_throttled_does_not_prolong_it(platform, clock):
    tries(platform, 3)
    clock.now += 59
    with pytest.raises(TooManyAttempts):
        tries(platform, 1)
    clock.now += 1
    tries(platform, 1)


def test_an_attempt_that_is_given_back_does_not_count_and_those_before_it_do(platform):
    tries(platform, 3)
    throttle.give_back(platform, (THREE, "somebody"))
    tries(platform, 1)
    with pytest.raises(TooManyAttempts):
        tries(platform, 1)


def test_nothing_is_given_back_to_who_has_tried_nothing(platform):
    throttle.give_back(platform, (THREE, "somebody"))
    tries(platform, 1)
    for _ in range(5):
        throttle.give_back(platform, (THREE, "somebody"))
    tries(platform, 3)
    with pytest.raises(TooManyAttempts):
        tries(platform, 1)


def test_of_several_counts_all_or_none_move(platform):
    tries(platform, 3)
    for _ in range(5):
        with pytest.raises(TooManyAttempts):
            throttle.attempt(platform, (FIVE, "a place"), (THREE, "somebody"))
    tries(platform, 5, FIVE, "a place")


def test_two_processes_count_together(platform, elsewhere):
    tries(platform, 2)
    tries(elsewhere, 1)
    for opened in (platform, elsewhere):
        with pytest.raises(TooManyAttempts):
            tries(opened, 1)
        with pytest.raises(TooManyAttempts):
            throttle.check(opened, THREE, "somebody")


def test_many_at_once_get_no_more_than_the_limit(platform, elsewhere):
    through, ready = [], threading.Barrier(8)

    def knock(opened):
        ready.wait()
        try:
            throttle.attempt(opened, (THREE, "somebody"))
        except TooManyAttempts:
            return
        through.append(1)

    threads = [
        threading.Thread(target=knock, args=(opened,))
        for opened in (platform, elsewhere)
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(through) == 3


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("unknown", "unknown", True),
        ("fe80::1%eth0", "fe80::2%eth0", True),
    ],
)
def test_a_site_of_addresses_is_one_place(one, other, same):
    assert (throttle.network(one) == throttle.network(other)) is same


def test_wrong_passwords_from_one_place_do_not_shut_the_owner_out_elsewhere(platform, alice):
    for _ in range(throttle.LOGIN.count):
        with pytest.raises(InvalidInput):
            sessions.sign_in(platform, alice, "wrong horse battery", "198.51.100.1")
    with pytest.raises(TooManyAttempts):
        sessions.sign_in(platform, alice, PASSWORD, "198.51.100.1")
    sessions.sign_in(platform, alice, PASSWORD, HERE)


def test_many_places_do_not_help_to_guess_one_password(platform, alice):
    allowed = 0
    with pytest.raises(TooManyAttempts):
        for place in range(200):
            with pytest.raises(InvalidInput):
                sessions.sign_in(platform, alice, "wrong horse battery", f"198.51.100.{place}")
            allowed += 1
    assert allowed == throttle.LOGIN_ANYWHERE.count


def test_one_place_cannot_try_many_logins(platform):
    allowed = 0
    with pytest.raises(TooManyAttempts):
        for number in range(200):
            with pytest.raises(InvalidInput):
                sessions.sign_in(platform, f"person{number}", "wrong horse battery", HERE)
            allowed += 1
    assert allowed == throttle.LOGIN_SOURCE.count


def test_many_people_behind_one_address_may_all_sign_in(platform, alice):
    for _ in range(throttle.LOGIN_SOURCE.count + 1):
        sessions.sign_in(platform, alice, PASSWORD, HERE)


def test_what_was_typed_as_a_login_is_not_stored(platform):
    with pytest.raises(InvalidInput):
        sessions.sign_in(platform, "my-secret-password", "x", HERE)
    platform.database.close()
    folder = platform.settings.data_dir
    content = b"".join(path.read_bytes() for path in folder.glob("assay.sqlite3*"))
    assert b"my-secret-password" not in content


def test_tidying_forgets_no_count_that_still_matters(platform, clock):
    tries(platform, 3)
    tidy(platform)
    with pytest.raises(TooManyAttempts):
        tries(platform, 1)
