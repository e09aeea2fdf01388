"""Idempotency keys: one reply to one request of one asker, whoever asks at once."""

import threading

import pytest

from harness.errors import InvalidInput
from harness.services.access import Actor
from harness.services.parties import repeats
from harness.services.publication.tidy import tidy
from tests.support import world as worlds

ALICE = Actor(worlds.AUDITOR, "auditor", "alice")
REQUEST = repeats.Request("a key", b"content")
REPLY = (201, b'{"id": 1}')


@pytest.fixture
def kept(write, platform):
    write(repeats.keep, platform, ALICE, REQUEST, *REPLY)


def test_the_same_request_gets_the_reply_it_got(read, kept):
    assert read(repeats.earlier, ALICE, REQUEST) == REPLY


def test_another_request_under_the_same_key_is_refused(read, kept):
    with pytest.raises(InvalidInput, match="another request"):
        read(repeats.earlier, ALICE, repeats.Request("a key", b"other content"))


def test_a_new_key_is_a_new_request(read, kept):
    assert read(repeats.earlier, ALICE, repeats.Request("another key", b"content")) is None


@pytest.mark.parametrize(
    "asker",
    [
        Actor(worlds.AUDITOR, "auditor", "bob"),
        Actor(worlds.AUDITOR, "auditor"),
        Actor(worlds.VENDOR, "vendor", "alice"),
        Actor(worlds.AUDITOR, "auditor", "alice", frozenset({"read"})),
    ],
    ids=["colleague", "nobody", "for another organisation", "a token that only reads"],
)
def test_another_asker_gets_no_reply_that_was_not_its_own(read, kept, asker):
    assert read(repeats.earlier, asker, REQUEST) is None


@pytest.mark.parametrize("key", ["", "k" * 201, "a\nb", "\0"])
def test_a_key_of_another_form_is_refused(read, key):
    with pytest.raises(InvalidInput, match="Idempotency-Key"):
        read(repeats.earlier, ALICE, repeats.Request(key, b""))


def test_the_longest_names_fit(read, write, platform):
    asker = Actor("o" * 63, "auditor", "p" * 120)
    longest = repeats.Request("k" * repeats.LONGEST_KEY, b"")
    write(repeats.keep, platform, asker, longest, *REPLY)
    assert read(repeats.earlier, asker, longest) == REPLY
    assert len(repeats._scope(asker)) <= 200


def test_a_reply_goes_with_an_effect_that_failed(write, read, platform):
    def fail(session):
        repeats.keep(session, platform, ALICE, REQUEST, *REPLY)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write(fail)
    assert read(repeats.earlier, ALICE, REQUEST) is None


def test_of_two_processes_with_one_key_one_has_the_effect(platform, elsewhere):
    for round_ in range(10):
        request = repeats.Request(f"key {round_}", b"content")
        effects, ready = [], threading.Barrier(2)

        def ask(opened, request=request, effects=effects, ready=ready):
            ready.wait()
            with opened.database.write() as session:
                if repeats.earlier(session, ALICE, request) is None:
                    repeats.keep(session, opened, ALICE, request, *REPLY)
                    effects.append(1)

        threads = [threading.Thread(target=ask, args=(one,)) for one in (platform, elsewhere)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert effects == [1]


def test_a_reply_is_kept_for_a_day(platform, read, kept, clock):
    clock.now += 24 * 3600 - 1
    tidy(platform)
    assert read(repeats.earlier, ALICE, REQUEST) == REPLY
    clock.now += 2
    tidy(platform)
    assert read(repeats.earlier, ALICE, REQUEST) is None
