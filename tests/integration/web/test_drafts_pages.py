"""The pages of drafts: choosing terms, the preview, and proposing with a signature."""

import math
import re

import pytest

from harness.disclosure.preview import random_bytes
from harness.documents import canonical, signatures
from harness.documents import protocol as protocol_document
from harness.documents.signer import generate
from harness.records import drafts as rows
from harness.records import suites as suite_rows
from harness.services.agreements import preview
from tests.support import uploads
from tests.support import world as worlds
from tests.support.copies import copy
from tests.support.programs import STRANGER
from tests.support.queries import counted
from tests.support.visits import visits
from web.views.pages import terms_form

SCRIPT = "<script>alert(1)</script>"
NOT_AUDITORS = (worlds.VENDOR, worlds.REGULATOR, "operator")


@pytest.fixture(scope="module")
def origin(peopled, tmp_path_factory):
    """A world with one draft and browsers signed in; the draft's id and the suite's digest."""
    world = copy(peopled, tmp_path_factory.mktemp("drafts") / "data")
    with world.platform.database.read() as session:
        suite = session.query(suite_rows.Suite.digest).scalar()
    with visits(world) as found:
        for who in (worlds.AUDITOR, STRANGER, *NOT_AUDITORS):
            found.headers(who)
        draft = made(found, suite, title="Sums").headers["location"].rpartition("/")[2]
    return world, found.cookies, suite, draft


@pytest.fixture
def browse(origin, tmp_path):
    world = copy(origin[0], tmp_path / "data")
    with visits(world, origin[1]) as found:
        yield found
    world.platform.database.close()


@pytest.fixture
def suite(origin):
    return origin[2]


@pytest.fixture
def draft(origin):
    return origin[3]


def made(browse, suite, who=worlds.AUDITOR, **typed):
    fields = {"suite": suite, "model": worlds.MODEL, **typed}
    page = f"/drafts/new?suite={suite}&model={worlds.MODEL}"
    return browse.submit(who, "/drafts", page, **fields)


def body_of(browse, draft):
    with browse.world.platform.database.read() as session:
        return rows.get(session, draft).body


def send(browse, draft, content, who=worlds.AUDITOR):
    files = {"signatures": content}
    return uploads.upload(browse, who, f"/drafts/{draft}/propose", f"/drafts/{draft}", files)


def signed(browse, draft):
    key = browse.world.keys[worlds.AUDITOR]
    return uploads.proposal(key, body_of(browse, draft), worlds.AUDITOR)


def beside(page, field):
    return page.split(f'id="{field}-error"')[1].split("</p>")[0]


@pytest.mark.parametrize("who", NOT_AUDITORS)
def test_only_auditors_draft(browse, draft, who):
    assert browse.get(who, "/drafts/new").status_code == 403
    assert browse.submit(who, "/drafts", "/protocols").status_code == 403
    assert browse.get(who, f"/drafts/{draft}").status_code == 404


@pytest.mark.parametrize("path", ["/drafts/new", "/drafts/{}", "/drafts/{}/document"])
def test_nobody_sees_drafts_without_signing_in(browse, draft, path):
    assert browse.get("", path.format(draft)).headers["location"].startswith("/sign-in")


@pytest.mark.parametrize("end", ["", "/document"])
@pytest.mark.parametrize("name", ["{}", "p0", "x", "%00", "p" + "0" * 60])
def test_a_draft_is_seen_by_its_auditor_only(browse, draft, name, end):
    assert browse.get(STRANGER, f"/drafts/{name.format(draft)}{end}").status_code == 404


def test_the_choice_offers_own_suites_and_every_model(browse, suite):
    page = browse.get(worlds.AUDITOR, "/drafts/new").text
    assert f'<option value="{suite}"' in page
    assert '<option value="replayed"' in page
    chosen = browse.get(worlds.AUDITOR, f"/drafts/new?suite={suite}").text
    assert f'<option value="{suite}" selected>' in chosen


def test_without_a_suite_the_choice_leads_to_submitting_one(browse):
    page = browse.get(STRANGER, "/drafts/new").text
    assert "You have no suite yet" in page
    assert 'href="/suites/new"' in page


@pytest.mark.parametrize(
    "query", ["suite={}&model=nothing", "suite=sha256:00&model=replayed", "suite=%00&model=%00"]
)
def test_terms_over_what_is_not_there_are_not_found(browse, suite, query):
    path = f"/drafts/new?{query.format(suite)}"
    assert browse.get(worlds.AUDITOR, path).status_code == 404


def test_a_foreign_suite_is_not_found(browse, suite):
    assert browse.get(STRANGER, f"/drafts/new?suite={suite}&model=replayed").status_code == 404
    reply = browse.submit(STRANGER, "/drafts", "/drafts/new", suite=suite, model="replayed")
    # Nothing to choose, so no form: the token is that of signing out.
    assert reply.status_code == 404


def test_the_form_names_the_figures_that_a_claim_can_rest_on(browse, suite):
    page = browse.get(worlds.AUDITOR, f"/drafts/new?suite={suite}&model=replayed").text
    assert '<option value="accuracy"' in page
    assert 'value="browser.of.example-university"' in page.split('name="person"')[1][:200]


def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_is_kept(browse, suite):
    typed = {
        "title": f"Sums {SCRIPT}",
        "runs": "many",
        "grid_s": "0",
        "claim.decision.threshold": "0.5",
        "embargo_until": "2020-01-01",
    }
    reply = made(browse, suite, **typed)
    assert reply.status_code == 422
    assert "a whole number" in beside(reply.text, "runs")
    assert "at least 1" in beside(reply.text, "grid_s")
    assert "choose the figure" in beside(reply.text, "claim.decision.metric")
    assert 'value="many"' in reply.text
    assert 'value="0.5"' in reply.text
    assert "Sums &lt;script&gt;" in reply.text
    assert SCRIPT not in reply.text
    # A wrong field is never hidden.
    assert '<details class="more" open>' in reply.text.split('id="grid_s"')[0]
    reply = made(browse, suite, embargo_until="2020-01-01")
    assert "must not be before" in beside(reply.text, "embargo_until")
    reply = made(browse, suite, bits_cap="1")
    assert "a report can carry" in beside(reply.text, "bits_cap")
    reply = made(browse, suite, **{"claim.decision.metric": "accuracy"})
    assert "is needed" in beside(reply.text, "claim.decision.threshold")


def test_the_preview_shows_what_the_protocol_commits_to(browse, draft):
    page = browse.get(worlds.AUDITOR, f"/drafts/{draft}").text
    protocol = protocol_document.parse(body_of(browse, draft))
    seen = preview.of(protocol)
    assert "invented" in page
    assert str(seen.metrics[0]["shown"]) in page
    for told in (seen.bits, random_bytes(seen.microbits), seen.yearly.bits, "of 64 bits"):
        assert told in page
    for told in (seen.precision[0].detectable, f"{seen.table[0].levels}", "$"):
        assert told in page
    assert canonical.digest(body_of(browse, draft)) in page
    assert f"assay sign {draft}.json" in page
    assert page.count("<meter") == 4
    # The parts of the number of reports, which make it.
    count = {part.symbol: part.count for part in preview.factors(protocol)}
    inside = math.prod(count[name] for name in "LQVD")
    assert count["T"] * (inside + count["F"]) == seen.alphabet
    for part in preview.factors(protocol):
        assert part.words.replace("'", "&#39;") in page


def test_every_field_of_the_document_is_on_the_page(browse, draft):
    page = browse.get(worlds.AUDITOR, f"/drafts/{draft}").text
    for path in ("budget.requests", "disclosure.alphabet", "termination.notice_days"):
        assert f">{path}<" in page


def test_scripts_in_terms_are_text(browse, suite):
    reply = made(
        browse,
        suite,
        **{
            name: f"{name} {SCRIPT}"
            for name in ("title", "summary", "claim.sentence", "person", "vendor_person",
                         "observers", "independence.funding", "contamination",
                         "claim.intended_use")
        },
    )  # fmt: skip
    path = reply.headers["location"]
    page = browse.get(worlds.AUDITOR, path).text
    assert SCRIPT not in page
    for name in ("title", "claim.sentence", "vendor_person", "contamination"):
        assert f"{name} &lt;script&gt;" in page
    assert SCRIPT not in browse.get(worlds.AUDITOR, "/protocols").text
    browse.get(worlds.AUDITOR, "/protocols")
    send(browse, path.rpartition("/")[2], signed(browse, path.rpartition("/")[2]))
    for who in (worlds.AUDITOR, worlds.VENDOR, worlds.REGULATOR, "operator"):
        for shown in ("/protocols", path.replace("drafts", "protocols"), "/models/replayed"):
            page = browse.get(who, shown)
            assert page.status_code == 200
            assert SCRIPT not in page.text


TYPED = {
    "title": "Sums",
    "summary": "A summary",
    "claim.sentence": "It adds",
    "claim.decision.metric": "accuracy",
    "claim.decision.threshold": "0.5",
    "observers": "one\ntwo",
    "independence.funding": "a grant",
    "runs": "3",
    "window_days": "40",
    "retries": "0",
    "cost_microusd": "0.0125",
    "release": "on_completion",
    "completeness": "buckets",
    "ledger_pair": "300",
    "embargo_until": "2099-01-31",
    "factual_check_days": "7",
}


def test_changing_nothing_of_a_draft_makes_the_same_terms_again(browse, suite):
    first = made(browse, suite, **TYPED).headers["location"].rpartition("/")[2]
    page = browse.get(worlds.AUDITOR, f"/drafts/new?draft={first}").text
    assert 'value="40"' in page.split('id="window_days"')[1][:300]
    before = protocol_document.parse(body_of(browse, first))
    again = made(browse, suite, **terms_form.again(before)).headers["location"]
    after = protocol_document.parse(body_of(browse, again.rpartition("/")[2]))
    different = {"identity": {"id"}, "budget": {"window"}}
    assert before.model_dump(exclude=different) == after.model_dump(exclude=different)


def test_only_its_auditor_changes_a_draft(browse, draft):
    assert browse.get(STRANGER, f"/drafts/new?draft={draft}").status_code == 404
    assert browse.get(worlds.VENDOR, f"/drafts/new?draft={draft}").status_code == 403
    assert browse.get(worlds.AUDITOR, "/drafts/new?draft=%00").status_code == 404


def test_the_exact_bytes_are_a_file_to_keep(browse, draft):
    reply = browse.get(worlds.AUDITOR, f"/drafts/{draft}/document")
    assert reply.content == body_of(browse, draft)
    assert reply.headers["content-disposition"] == f'attachment; filename="{draft}.json"'


def test_a_signed_draft_is_proposed(browse, draft):
    content = signed(browse, draft)
    reply = send(browse, draft, content)
    assert (reply.status_code, reply.headers["location"]) == (303, f"/protocols/{draft}")
    assert "Proposed" in browse.get(worlds.VENDOR, f"/protocols/{draft}").text


def test_a_second_click_and_an_old_address_lead_to_the_protocol(browse, draft):
    content = signed(browse, draft)
    page = browse.get(worlds.AUDITOR, f"/drafts/{draft}").text
    token = re.search(r'name="csrf" value="([0-9a-f]+)"', page)[1]
    for _ in range(2):
        reply = browse.client.post(
            f"/drafts/{draft}/propose",
            headers=browse.headers(worlds.AUDITOR),
            data={"csrf": token},
            files={"signatures": ("s.json", content)},
        )
        assert (reply.status_code, reply.headers["location"]) == (303, f"/protocols/{draft}")
    reply = browse.get(worlds.AUDITOR, f"/drafts/{draft}")
    assert reply.headers["location"] == f"/protocols/{draft}"
    assert browse.get(STRANGER, f"/drafts/{draft}").status_code == 404


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "choose a file"),
        (b"nothing", "not a file that `assay sign` wrote"),
        (signatures.build({}), "holds no proposal and no approval"),
    ],
)
def test_a_file_that_holds_no_signature_is_refused_beside_its_field(
    browse, draft, content, message
):
    reply = send(browse, draft, content)
    assert reply.status_code == 422
    assert message in beside(reply.text, "signatures")
    assert f"/drafts/{draft}/document" in reply.text
    assert body_of(browse, draft)


def test_another_key_or_other_bytes_are_refused_beside_the_field(browse, suite, draft):
    foreign = uploads.proposal(generate("p256"), body_of(browse, draft), worlds.AUDITOR)
    assert "not signed by a valid key" in beside(send(browse, draft, foreign).text, "signatures")
    other = made(browse, suite).headers["location"].rpartition("/")[2]
    reply = send(browse, draft, signed(browse, other))
    assert "signs another protocol" in beside(reply.text, "signatures")


def test_a_form_of_another_session_changes_nothing(browse, suite, draft):
    reply = browse.post(worlds.AUDITOR, "/drafts", csrf="0" * 64, suite=suite, model="replayed")
    assert reply.status_code == 403
    reply = browse.post(worlds.AUDITOR, f"/drafts/{draft}/propose", csrf="0" * 64)
    assert reply.status_code == 403
    assert body_of(browse, draft)


def test_the_preview_costs_a_fixed_number_of_queries(browse, draft):
    with counted(browse.world.platform.database) as asked:
        browse.get(worlds.AUDITOR, f"/drafts/{draft}")
    assert len(asked) <= 4
