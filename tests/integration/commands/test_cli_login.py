"""Signing in from a terminal: what is kept, for whom, and what an absent server looks like."""

import json
import stat

import pytest

from harness import config
from harness.services.parties import passwords
from tests.integration.commands.conftest import opened
from tests.support.serving import address as address_of
from tests.support.serving import listening, serving

PASSWORD = "an invented pass phrase"
LOGIN = "university.person"


@pytest.fixture
def url(place, front, tmp_path):
    """A server where somebody of the university has a password."""
    with opened(tmp_path) as platform:
        passwords.change(platform, LOGIN, "", PASSWORD, "")
    return front[1]


def profiles(tmp_path):
    return json.loads((tmp_path / "config/assay/profiles.json").read_text())


def typed(*lines):
    return "".join(f"{line}\n" for line in lines).encode()


def test_login_asks_for_login_and_password_and_keeps_a_token_alone(assay, url, tmp_path):
    done = assay("login", url, "--profile", "mine", stdin=typed(LOGIN, PASSWORD))
    assert done.status == 0, done
    assert "university (auditor)" in done.one("person")
    kept = profiles(tmp_path)
    assert (kept["current"], kept["profiles"]["mine"]["server"]) == ("mine", url)
    assert kept["profiles"]["mine"]["token"].startswith("assay_")
    file = tmp_path / "config/assay/profiles.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert PASSWORD not in file.read_text() + done.out + done.err
    assert kept["profiles"]["mine"]["token"] not in done.out + done.err
    # And it is used from now on.
    assert json.loads(assay("suite", "list", "--json").out)[0]["id"] == "numbers"


def test_the_profile_is_named_after_the_organisation(assay, url, tmp_path):
    done = assay("login", url, "--json", stdin=typed(LOGIN, PASSWORD))
    value = json.loads(done.out)
    assert (value["profile"], value["organisation"]) == ("university", "university")
    assert "token" not in value
    assert "secret" not in done.out


def test_a_wrong_password_changes_nothing(assay, url, tmp_path):
    before = profiles(tmp_path)
    done = assay("login", url, "--profile", "mine", stdin=typed(LOGIN, "wrong"))
    assert (done.status, done.out) == (2, "")
    assert done.err == "invalid_input login: login and password do not fit together\n"
    assert profiles(tmp_path) == before


def test_a_token_that_does_not_work_is_not_kept(assay, url, tmp_path):
    before = profiles(tmp_path)
    done = assay("login", url, "--token", stdin=b"assay_invented\n")
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("not_signed_in the token is unknown, revoked or expired")
    assert "assay_invented" not in done.err
    assert profiles(tmp_path) == before


def test_logout_ends_the_token_and_forgets_it(assay, url, tmp_path):
    assay("login", url, "--profile", "mine", stdin=typed(LOGIN, PASSWORD))
    token = profiles(tmp_path)["profiles"]["mine"]["token"]
    environment = {"ASSAY_SERVER": url, "ASSAY_TOKEN": token}
    assert assay("suite", "list", environment=environment).status == 0
    done = assay("logout", "--json")
    assert json.loads(done.out) == {"profile": "mine", "revoked": True}
    assert "mine" not in profiles(tmp_path)["profiles"]
    assert assay("suite", "list", environment=environment).status == 2
    # Signed in nowhere by default now; the other profiles are still there.
    assert "assay login" in assay("suite", "list").err
    assert assay("suite", "list", "--profile", "university").status == 0


def test_a_token_that_was_brought_along_outlives_logout(assay, place):
    done = assay("logout", "--profile", "university")
    assert done.status == 0
    assert "still works until it expires" in done.err


def test_profiles_are_listed_without_their_tokens_and_chosen(assay, place, tmp_path):
    rows = json.loads(assay("profile", "list", "--json").out)
    assert [row["name"] for row in rows] == ["maker", "operator", "rival", "university"]
    assert [row["name"] for row in rows if row["current"]] == ["rival"]
    assert assay("profile", "use", "university").status == 0
    assert json.loads(assay("suite", "list", "--json").out)
    shown = assay("profile", "list").out + json.dumps(rows)
    assert not [one for one in profiles(tmp_path)["profiles"].values() if one["token"] in shown]
    assert assay("profile", "use", "nobody").status == 2


def test_a_program_needs_no_file(assay, place, front, tmp_path):
    token = profiles(tmp_path)["profiles"]["maker"]["token"]
    environment = {"ASSAY_SERVER": front[1] + "/", "ASSAY_TOKEN": token}
    (tmp_path / "config/assay/profiles.json").unlink()
    assert assay("model", "list", environment=environment).status == 0
    assert assay("model", "list").err.startswith("not_signed_in sign in with `assay login URL`")
    half = assay("model", "list", environment={"ASSAY_SERVER": front[1]})
    assert (half.status, half.err.split()[:2]) == (2, ["invalid_input", "ASSAY_TOKEN:"])
    # Settings of a server do not take them for slips of the pen.
    assert config._misspelt(environment) == []


def test_a_file_that_is_none_is_said(assay, place, tmp_path):
    for content in ("", "{", "[]", '{"current": "x", "profiles": {"x": {"server": 1}}}'):
        (tmp_path / "config/assay/profiles.json").write_text(content)
        done = assay("model", "list")
        assert done.status == 2
        assert "profiles.json: cannot be read" in done.err


@pytest.mark.parametrize(
    "address",
    [
        "nonsense",
        "ftp://a.example",
        "http://a.example",
        "https://user:hunter2@a.example",
        "https://a.example/api/v1",
        "https://a.example?x=1",
        "https://[::1",
        "",
    ],
)
def test_a_wrong_address_is_refused_before_anything_is_asked(assay, address):
    done = assay("login", address)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("invalid_input URL: ")
    assert "hunter2" not in done.err


def test_no_server_is_said_with_what_helps(assay):
    with listening() as door:
        closed = address_of(door)
    done = assay("run", "list", environment={"ASSAY_SERVER": closed, "ASSAY_TOKEN": "x"})
    assert (done.status, done.out) == (1, "")
    assert done.err == f"unavailable no server answers at {closed}: is `assay serve` running?\n"


class Stub:
    """Something that answers HTTP, and is no Assay."""

    def __init__(self, *replies):
        self.replies = list(replies)
        self.keys = []

    async def __call__(self, scope, _receive, send):
        assert scope["type"] == "http"
        self.keys.append(dict(scope["headers"]).get(b"idempotency-key"))
        status, kind, body = self.replies.pop(0)
        if status is None:
            # Ends without an answer: the server closes the connection.
            raise RuntimeError
        headers = [(b"content-type", kind), (b"location", b"https://a.example/")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        if kind == b"broken":
            raise RuntimeError
        await send({"type": "http.response.body", "body": body})


@pytest.mark.parametrize(
    "reply",
    [
        (200, b"text/html", b"<html>a guest's words"),
        (302, b"text/html", b""),
        (404, b"text/html", b"<html>"),
        (500, b"text/plain", b"oops"),
        (502, b"application/json", b"[]"),
        (204, b"text/plain", b""),
    ],
)
def test_another_server_is_told_apart(assay, reply):
    with listening() as door, serving(Stub(reply), door) as url:
        environment = {"ASSAY_SERVER": url, "ASSAY_TOKEN": "x"}
        done = assay("model", "list", environment=environment)
    assert (done.status, done.out) == (1, "")
    assert done.err == (
        f"unavailable {url} answered {reply[0]}, but not as Assay does: is the address right?\n"
    )


RUN = {
    "id": "ab", "protocol": "p1", "ordinal": 1, "outcome": "PENDING", "reserved_at": 0.0,
    "expected_by": 9.0, "samples": 3, "inside": None, "hints": [],
}  # fmt: skip


def test_a_post_whose_connection_broke_is_sent_again_under_the_same_key(assay):
    body = json.dumps(RUN).encode()
    good = (200, b"application/json", body)
    stub = Stub((200, b"broken", b""), good, good)
    with listening() as door, serving(stub, door) as url:
        environment = {"ASSAY_SERVER": url, "ASSAY_TOKEN": "x"}
        done = assay("run", "cancel", "ab", environment=environment)
    assert done.status == 0, done
    first, again, looked = stub.keys
    assert first == again is not None
    assert looked is None


def test_a_connection_that_breaks_again_and_again_is_said(assay):
    stub = Stub(*[(200, b"broken", b"")] * 3)
    with listening() as door, serving(stub, door) as url:
        environment = {"ASSAY_SERVER": url, "ASSAY_TOKEN": "x"}
        done = assay("run", "cancel", "ab", environment=environment)
    assert (done.status, done.err) == (
        1,
        f"unavailable the connection to {url} broke; try again\n",
    )
    assert len(set(stub.keys)) == 1


def test_the_servers_words_do_not_steer_the_terminal(assay):
    problem = {"code": "conflict", "detail": "a\x1b[2Jb\nsecond"}
    stub = Stub((409, b"application/problem+json", json.dumps(problem).encode()))
    with listening() as door, serving(stub, door) as url:
        environment = {"ASSAY_SERVER": url, "ASSAY_TOKEN": "x"}
        done = assay("run", "cancel", "ab", environment=environment)
    assert done.status == 2
    assert "\x1b" not in done.err
    assert [line.split()[0] for line in done.err.splitlines()] == ["conflict", "conflict"]
