"""A vendor's credential: in by standard input, encrypted at once, out by no way."""

import json

import pytest

from harness.records import parties
from tests.integration.commands.conftest import opened, snapshot

SECRET = "very-secret-credential-4711"
ADD = ("model", "add", "large", "--profile", "maker", "--upstream", "l-1", "--snapshot", "two")
OPERATOR = ("--profile", "operator")
URL = ("--base-url", "https://api.maker.example/v1")


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"", b"\nsecond line\n"])
def test_the_credential_is_read_from_standard_input(assay, place, tmp_path, ending):
    done = assay(*ADD, *URL, stdin=SECRET.encode() + ending)
    assert done.status == 0, done
    with opened(tmp_path) as platform, platform.database.read() as session:
        assert platform.vault.open(parties.model(session, "large").credential) == SECRET


def test_the_credential_is_nowhere_in_clear(assay, place, tmp_path):
    outputs = [
        assay(*ADD, *URL, stdin=SECRET.encode()),
        assay(*ADD, *URL, stdin=SECRET.encode()),
        assay("model", "list", "--profile", "maker"),
        assay("model", "list", "--profile", "maker", "--json"),
        assay(
            *("protocol", "propose", "--suite", place, "--model", "large"),
            *("--profile", "university", "--dry-run", "--json"),
        ),
    ]
    assert [done.status for done in outputs] == [0, 2, 0, 0, 0]
    assert not [done for done in outputs if SECRET in done.out + done.err]
    held = snapshot(tmp_path)
    assert not [path for path, content in held.items() if SECRET.encode() in content]
    # Control: what is stored in clear is found in the same files by the same search.
    assert [path for path, content in held.items() if b"api.maker.example" in content]


@pytest.mark.parametrize("stdin", [b"", b"\n", "schlüssel\n".encode(), b"\xff\n"])
def test_no_credential_no_model(assay, place, stdin):
    done = assay(*ADD, *URL, stdin=stdin)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("invalid_input credential: one line of ASCII")
    assert [
        row["name"]
        for row in json.loads(assay("model", "list", "--profile", "maker", "--json").out)
    ] == ["small"]


@pytest.mark.parametrize(
    "url",
    [
        "http://api.maker.example/v1",
        "https://user:pass@api.maker.example/v1",
        "ftp://api.maker.example",
        "https://[::1",
        "nonsense",
    ],
)
def test_a_wrong_address_is_refused_without_the_credential(assay, place, url):
    done = assay(*ADD, "--base-url", url, stdin=SECRET.encode())
    assert (done.status, done.out) == (2, "")
    assert "base URL" in done.err
    assert SECRET not in done.err


def test_every_problem_is_named_at_once(assay, place):
    words = ("model", "add", "No Name", "--profile", "maker", "--upstream", "u", "--snapshot", "s")
    done = assay(*words, "--base-url", "nonsense", "--price-in", "-1")
    assert [line.split()[1] for line in done.err.splitlines()] == [
        *("name:", "base", "credential:", "price_in:"),
    ]


def test_only_a_vendor_adds_models(assay, place):
    words = [word if word != "maker" else "university" for word in ADD]
    done = assay(*words, *URL, stdin=SECRET.encode())
    assert done.status == 2
    assert "may not add" in done.err


def test_organisations_are_listed_and_named_once(assay, place):
    names = [
        row["name"]
        for row in json.loads(assay("org", "list", "--json", "--profile", "operator").out)
    ]
    assert names == ["maker", "operator", "rival", "university"]
    assay("keys", "new", "more.pem")
    again = assay("org", "add", "maker", "--role", "vendor", "--key", "more.pem.pub", *OPERATOR)
    assert again.status == 2
    borrowed = assay(
        "org", "add", "fourth", "--role", "vendor", "--key", "vendor.pem.pub", *OPERATOR
    )
    assert "belongs to an organisation already" in borrowed.err
    private = assay("org", "add", "fourth", "--role", "vendor", "--key", "more.pem", *OPERATOR)
    assert "not a P-256 or Ed25519 public key" in private.err
    assert "PRIVATE" not in private.err


def test_what_was_spent_is_shown_to_those_whose_it_is(assay, place):
    done = assay("ledger", "show", "small", "--profile", "university", "--json")
    assert done.status == 0, done
    assert [(row["ledger"], row["spent"], row["left"]) for row in json.loads(done.out)] == [
        ("model", "0.000", "4096.000"),
        ("owner_group", "0.000", "1024.000"),
        ("pair", "0.000", "512.000"),
    ]
    told = assay("ledger", "show", "small", "--profile", "university").out
    assert "one auditor" in told
    assert "512.000" in told
    assert "nothing was spent" in assay("ledger", "show", "small", "--profile", "maker").out
    refused = assay("ledger", "show", "small", "--profile", "rival")
    assert (refused.status, refused.out) == (2, "")
    assert refused.err == "not_found no ledger of small\n"
