"""The public log's pages: what anybody may read, and what stays withheld."""

import base64
import json
import re

import pytest

from evals import pack
from harness.documents import envelope, statements
from harness.services import suites
from harness.services.agreements.terms import Terms
from tests.support import world as worlds
from tests.support.pages import browsing, words
from tests.support.queries import counted
from web.views.pages.log import _KINDS

DIGEST = pack.digest(suites.build(worlds.suite_files(worlds.simple_questions(20))))
# Those of the product's page; the interface uses no synonyms.
WORDS = [
    "suite", "sample", "score", "metric", "group", "protocol", "run-slot", "run", "report",
    "release-gate", "accountant", "gateway", "grant", "tlog", "checkpoint", "bundle", "document",
    "record", "guest", "model",
]  # fmt: skip
TERMS = Terms(run_wall_clock_s=20, start_within_s=600, grid_s=10, runs=2, title="Secret title")


@pytest.fixture
def browser(world):
    with browsing(world) as found:
        yield found


def test_an_empty_log_says_what_it_waits_for(tmp_path):
    world = worlds.make(tmp_path / "data")
    with browsing(world) as browser:
        said = words(browser.get("/log"))
        assert "The log is empty" in said
        assert world.platform.trust_root_digest in said
        assert browser.get("/log/0").status_code == 404
    world.platform.database.close()


def test_anybody_reads_head_entries_and_how_to_verify(world, browser):
    world.agree(DIGEST, TERMS)
    said = words(browser.get("/log"))
    assert "Protocol activated" in said
    assert f"assay verify report.bundle.json --root {world.platform.trust_root_digest}" in said
    assert browser.get("/api/v1/log/checkpoint").text.split("\n")[2] in said


def test_an_entry_shows_what_was_signed_and_its_proof(world, browser):
    world.agree(DIGEST, TERMS)
    page = browser.get("/log/4")
    said = words(page)
    assert "Protocol activated" in said
    assert '"predicateType": "tag:assay,2026:predicate/protocol-activation/v1"' in said
    href = re.search(r'href="(/api/v1/log/statements/[^"]+)"', page.text).group(1)
    exact = browser.get(href).content
    assert json.loads(envelope.parse(exact).payload)["_type"] in said
    proof = browser.get("/api/v1/log/proof/4").json()["proof"]
    assert proof
    assert [item for item in proof if item not in said] == []


def test_a_withheld_entry_shows_a_digest_and_a_proof_alone(world, browser):
    world.propose(world.draft(DIGEST, TERMS))
    for index in range(3):
        page = browser.get(f"/log/{index}")
        said = words(page)
        assert "This statement is withheld" in said
        assert "Proof that it stands in the log" in said
        assert "Envelope" not in said
        key = base64.b64encode(world.keys[worlds.AUDITOR].public.der).decode()
        for secret in (worlds.AUDITOR, "Secret title", key):
            assert secret not in page.text
    assert said.count("sha256:") == 1


def test_the_log_is_the_same_for_everybody(world):
    world.agree(DIGEST, TERMS)

    def entries(page):
        return re.findall(r"<tbody>.*</tbody>", page.text, re.DOTALL)

    with browsing(world) as stranger:
        public = entries(stranger.get("/log"))
    for organisation in (worlds.AUDITOR, worlds.VENDOR):
        with browsing(world, organisation) as browser:
            assert entries(browser.get("/log")) == public


@pytest.mark.parametrize("index", ["1", "-1", "01", "x", "1e3", "9" * 30, "%00", "0 "])
def test_there_is_no_other_entry(browser, index):
    assert browser.get(f"/log/{index}").status_code == 404


def test_every_kind_of_statement_has_a_name_for_people():
    assert set(_KINDS) == set(statements.KINDS)


def test_older_entries_are_one_link_away(world, browser):
    for _ in range(2):
        world.agree(DIGEST, TERMS)
    page = browser.get("/log?limit=5")
    older = re.search(r'href="(/log\?cursor=[^"]+)"', page.text).group(1)
    found = re.findall(r'<th scope="row">.*?>(\d+)</a>', page.text)
    rest = re.findall(r'<th scope="row">.*?>(\d+)</a>', browser.get(older).text)
    assert [*found, *rest] == [str(index) for index in range(8, -1, -1)]
    assert "Newest" in words(browser.get(older))


@pytest.mark.parametrize("cursor", ["x", "W10", "é", "WzFlMzA4LCAiIl0"])
def test_a_made_up_cursor_is_answered(browser, cursor):
    assert browser.get("/log", params={"cursor": cursor}).status_code in {200, 422}


def test_the_page_asks_as_much_for_a_long_log_as_for_a_short_one(world, browser):
    world.propose(world.draft(DIGEST, TERMS))
    with counted(world.platform.database) as short:
        browser.get("/log")
    for _ in range(5):
        world.agree(DIGEST, TERMS)
    with counted(world.platform.database) as long:
        browser.get("/log")
    with counted(world.platform.database) as one:
        browser.get("/log/4")
    assert len(short) == len(long) == 4
    assert len(one) == 4


@pytest.mark.parametrize("path", ["/glossary", "/verify"])
def test_words_and_verification_are_explained_without_the_database(world, browser, path):
    with counted(world.platform.database) as asked:
        assert browser.get(path).status_code == 200
    assert asked == []


def test_the_glossary_has_every_word_that_pages_link_to(browser):
    glossary = browser.get("/glossary").text
    linked = re.findall(r'"/glossary#([a-z-]+)"', browser.get("/log").text)
    wanted = {*linked, *WORDS}
    assert [name for name in wanted if f'id="{name}"' not in glossary] == []
