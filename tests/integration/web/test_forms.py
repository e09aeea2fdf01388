"""Forms: what was typed is kept, what is wrong is put beside its field."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InvalidInput
from tests.support import world as worlds
from tests.support.pages import browsing
from web.forms import Form, _storable


def form(**values):
    return Form(values, {})


def test_text_is_without_the_spaces_around_it():
    assert form(a="  b c ").text("a") == "b c"
    assert form().text("a") == ""


@pytest.mark.parametrize(("typed", "number"), [("7", 7), (" -3 ", -3), ("", 5), ("007", 7)])
def test_a_whole_number(typed, number):
    assert form(a=typed).number("a", 5) == number


@pytest.mark.parametrize("typed", ["x", "1.5", "1e3", "1_000", "+1", "٣", "9" * 16, "--1"])
def test_no_whole_number(typed):
    with pytest.raises(InvalidInput, match="a: a whole number"):
        form(a=typed).number("a", 5)


def test_problems_go_beside_their_fields():
    one = form()
    one.refuse(InvalidInput(["name: too long", "owner group: unknown", "a.b[2]: bad", "all wrong"]))
    one.refuse(InvalidInput("name: and taken"))
    assert one.errors == {
        "name": "too long; and taken",
        "owner_group": "unknown",
        "a.b.2": "bad",
        "": "all wrong",
    }


def test_a_missing_file_is_named():
    with pytest.raises(InvalidInput, match="key: choose a file"):
        form().content("key")


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=50))
def test_any_text_becomes_one_that_every_database_keeps(text):
    kept = _storable(text)
    assert "\0" not in kept
    assert kept.encode().decode() == kept
    assert len(kept) == len(text)


def test_what_every_database_keeps_is_left_alone():
    assert _storable("Zoë 日本 😀\r\n\ttab") == "Zoë 日本 😀\r\n\ttab"


@pytest.mark.parametrize("charset", ["utf-8", "utf-16", "unicode_escape", "rot13", "nonsense"])
def test_a_part_in_any_encoding_is_answered(world, charset):
    with browsing(world) as browser:
        part = b'content-disposition: form-data; name="login"\r\n\r\n\\ud800\x00\xff'
        body = b"--x\r\n" + part + b"\r\n--x--\r\n"
        kind = f"multipart/form-data; boundary=x; charset={charset}"
        reply = browser.client.post("/sign-in", content=body, headers={"content-type": kind})
    assert reply.status_code == 422


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=x", b"--x\r\nnonsense"),
        ("application/json", b'{"login": "a"}'),
        ("", b"login=a"),
    ],
)
def test_what_is_no_form_is_refused_without_a_fault(world, kind, body):
    with browsing(world) as browser:
        headers = {"content-type": kind}
        reply = browser.client.post("/sign-in", content=body, headers=headers)
    assert reply.status_code in {400, 422}


def test_too_many_parts_are_refused(world):
    with browsing(world) as browser:
        files = {f"f{number}": b"x" for number in range(9)}
        assert browser.client.post("/sign-in", files=files).status_code == 400


def test_nothing_is_read_from_who_is_not_signed_in(world):
    with browsing(world) as browser:
        reply = browser.client.post(
            "/account/password", content=b"--x", headers={"content-type": "multipart/form-data"}
        )
        assert reply.status_code == 303
    with browsing(world, worlds.AUDITOR) as browser:
        reply = browser.client.post(
            "/account/password", content=b"--x", headers={"content-type": "multipart/form-data"}
        )
        assert reply.status_code == 400
