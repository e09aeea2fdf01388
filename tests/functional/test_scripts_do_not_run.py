"""What one party writes, others read as text: no script of it runs in anybody's browser.

Every text that another role sees is filled with markup that would run something; then every page
is opened in Chromium in every role. The content policy would stop most of
it, so that is not enough: no page may even hold such an element, or break the policy.
"""

import json
from dataclasses import dataclass

import pytest
import yaml

from harness.services.access import Actor
from harness.services.agreements import drafts
from harness.services.agreements.terms import Claim, Independence, Terms
from harness.services.parties import people, registry, tokens
from tests.support import crawl, released, service
from tests.support import world as worlds
from tests.support.programs import ROLES, settle_in
from tests.support.serving import address, listening, serving
from web.app import create_app

# Each leaves a mark when it runs, and an element of a kind that no page of ours has.
PAYLOADS = (
    "<script>window.ran=1</script><b data-ran></b>",
    '"><img src="/static/none" onerror="window.ran=1" data-ran>',
    "' autofocus onfocus='window.ran=1' data-ran x='",
    "</textarea></title></style><svg onload=window.ran=1 data-ran>",
    "{{ 7919 * 7907 }}{% if 1 %}{{ 7919 * 7907 }}{% endif %}${7919*7907}<b data-ran>",
    '<a href="javascript:window.ran=1" data-ran>read on</a>',
    '<iframe srcdoc="<script>parent.ran=1</script>" data-ran></iframe>',
    "<form action=javascript:window.ran=1 data-ran><button>Sign</button></form>",
    '--><meta http-equiv="refresh" content="0;url=/none" data-ran><!--',
    '<div hx-get="/none" hx-trigger="load" hx-on:click="window.ran=1" data-ran></div>',
)
# A line holds some of them, and a token's name only the first.
LINES = tuple(" ".join(PAYLOADS[first::3]) for first in range(3))
# Where a template engine would have put in what it computed.
COMPUTED = "62615533"
FOUND = """() => ({
  ran: window.ran === 1,
  elements: [...document.querySelectorAll("[data-ran], [onload], [onerror], [onfocus]")]
    .map(one => one.outerHTML),
  links: [...document.querySelectorAll("a[href], form[action], button[formaction]")]
    .map(one => one.href || one.action || one.formAction)
    .filter(where => typeof where === "string" && where.startsWith("javascript:")),
})"""
NOTHING = {"ran": False, "elements": [], "links": []}


@dataclass(frozen=True)
class Written:
    """The objects that carry one line of payloads."""

    payload: str
    names: dict[str, str]


def suite_files(number: int, payload: str) -> dict[str, bytes]:
    files = worlds.suite_files(worlds.simple_questions(20), suite_id=f"numbers_{number}")
    value = yaml.safe_load(files["suite.yaml"])
    value["title"], value["summary"] = payload[:200], payload
    rows = [json.loads(row) for row in files["samples.jsonl"].splitlines()]
    rows[0]["prompt"] = payload
    return {
        "suite.yaml": yaml.safe_dump(value).encode(),
        "samples.jsonl": "".join(f"{json.dumps(row)}\n" for row in rows).encode(),
    }


def terms(payload: str) -> Terms:
    return Terms(
        title=payload,
        summary=payload,
        person=payload,
        vendor_person=payload,
        claim=Claim(sentence=payload, intended_use=payload, out_of_scope=payload),
        independence=Independence(
            funding=[payload],
            payments=payload,
            competitor_ties=[payload],
            prior_access=payload,
            training_allowed=payload,
        ),
        observers=[payload],
        contamination=payload,
        run_wall_clock_s=20,
        start_within_s=20,
        grid_s=1,
        release="on_completion",
    )


def write(world: worlds.World, number: int, payload: str) -> Written:
    """Make objects of every kind that say nothing but the payload."""
    model = f"model-{number}"
    vendor, auditor = Actor(worlds.VENDOR, "vendor"), Actor(worlds.AUDITOR, "auditor")
    platform = world.platform
    with platform.database.write() as session:
        registry.add_model(
            session,
            platform,
            vendor,
            model,
            "http://127.0.0.1:9/v1",
            payload[:200],
            payload[:200],
            "credential",
            1,
            1,
        )
        people.add(session, platform, worlds.OPERATOR, f"p{number}", payload[:120], worlds.VENDOR)
        login = f"member.of.{worlds.AUDITOR}"
        writer = Actor(worlds.AUDITOR, "auditor", login)
        tokens.issue(session, platform, writer, payload[:80], ["read"], 1)
    digest = world.suite(suite_files(number, payload))
    with platform.database.write() as session:
        draft = drafts.make(session, platform, auditor, digest, model, terms(payload))
    protocol = world.agree(digest, terms(payload), model)
    run = world.reserve(protocol)
    released.release(world, run)
    return Written(
        payload,
        {
            "digest": digest,
            "name": model,
            "draft_id": draft.id,
            "protocol_id": protocol,
            "run_id": run,
            "login": f"p{number}",
        },
    )


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    # The runs are of different models and none may wait for another's slot.
    world = worlds.make(
        tmp_path_factory.mktemp("written") / "data", worker_slots=64, one_vendor_per_host=False
    )
    world.image()
    settle_in(world)
    objects = [write(world, number, payload) for number, payload in enumerate(LINES)]
    world = released.at(world, world.platform.clock() + 60)
    world.settle()
    yield world, objects
    world.platform.database.close()


@pytest.fixture(scope="module")
def served(written):
    world, _ = written
    desk = service.desk_of(world)
    app = create_app(desk, {}, sweep=False)
    with listening() as door, serving(app, door):
        yield app, address(door)
    desk.queue.close()


def pages_of(app, names) -> list[str]:
    """Addresses of all pages; the API is no page, and what is downloaded is no page either."""
    constant = {"index": "0", "secret": "none", "token_id": "00000000"}
    downloads = ("/document", "/bundle", ".svg", ".json")
    return [
        where
        for where in crawl.addresses(app, constant | names)
        if not where.startswith(("/api/", "/health/")) and not where.endswith(downloads)
    ]


@pytest.mark.parametrize("who", [name for name in ROLES if name in {
    worlds.AUDITOR, worlds.VENDOR, worlds.REGULATOR, "operator"}])  # fmt: skip
def test_nothing_runs_in_anybodys_browser(who, written, served, open_page):
    world, objects = written
    app, base = served
    with world.platform.database.write() as session:
        link = people.new_link(session, world.platform, worlds.OPERATOR, f"member.of.{who}")
    cookies = service.signed_in(world, link)
    page = open_page()
    page.context.add_cookies(
        [{"name": name, "value": value, "url": base} for name, value in cookies.items()]
    )
    # Hundreds of pages, and nobody looks at them: styles would take most of the time.
    page.route("**/*.css", lambda route: route.fulfill(body="", content_type="text/css"))
    seen = 0
    visited = set()
    for one in objects:
        for where in pages_of(app, one.names):
            if where in visited:
                continue
            visited.add(where)
            page.goto(base + where)
            assert page.evaluate(FOUND) == NOTHING, (where, one.payload)
            text = page.inner_text("body")
            assert COMPUTED not in text, (where, one.payload)
            seen += one.payload in text
    # The texts were really there to be read.
    assert seen >= len(LINES)


@pytest.mark.parametrize("payload", [PAYLOADS[0], PAYLOADS[1], PAYLOADS[3]])
def test_a_page_that_does_not_escape_is_caught(payload, browser):
    """The control: without escaping and without a policy these do run, and are seen."""
    page = browser.new_page()
    page.set_content(f'<title>x</title><p title="{payload}">{payload}</p>')
    found = page.evaluate(FOUND)
    assert found["elements"]
    page.wait_for_function("window.ran === 1")
    page.close()
