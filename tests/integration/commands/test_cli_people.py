"""People at the data folder: links that sign in once, for the operator to hand over."""

import json

import pytest

from harness.services.parties import sessions
from tests.integration.commands.conftest import opened

ADD = ("people", "add", "new.person", "--org", "university", "--name", "New Person")


def invited(tmp_path, link):
    with opened(tmp_path) as platform, platform.database.read() as session:
        found = sessions.invited(session, platform, link.rpartition("/")[2])
    return None if found is None else (found.login, found.name)


def test_a_new_person_gets_a_link_that_works(assay, place, tmp_path):
    done = assay(*ADD, environment={"ASSAY_PUBLIC_URL": "https://assay.example"})
    assert done.status == 0, done
    link = done.one("link")
    assert link.startswith("https://assay.example/sign-in/")
    assert invited(tmp_path, link) == ("new.person", "New Person")
    listed = json.loads(assay("people", "list", "--json").out)
    assert [row["organisations"] for row in listed if row["login"] == "new.person"] == [
        ["university"]
    ]
    assert link.rpartition("/")[2] not in assay("people", "list").out


def test_a_new_link_ends_the_old_one(assay, place, tmp_path):
    first = json.loads(assay(*ADD, "--json").out)["link"]
    second = json.loads(assay("people", "link", "new.person", "--json").out)["link"]
    assert invited(tmp_path, first) is None
    assert invited(tmp_path, second) == ("new.person", "New Person")


def test_where_the_port_is_not_known_yet_the_path_is_told(assay, place):
    done = assay(*ADD, environment={"ASSAY_LISTEN": "127.0.0.1:0"})
    assert done.one("link").startswith("/sign-in/")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("people", "add", "New", "--org", "university"), "invalid_input login: "),
        (("people", "add", "new", "--org", "nobody"), "invalid_input organisation: "),
        (("people", "link", "nobody"), "not_found nobody has "),
        (("people", "add", "maker.person", "--org", "maker"), "conflict maker.person acts for"),
    ],
)
def test_what_is_wrong_is_said(assay, place, words, message):
    done = assay(*words)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith(message)
