"""The frame and the parts of all pages, before any page is made of them."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from jinja2 import ChoiceLoader, FileSystemLoader
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from harness.services.states import Protocol, Run
from tests.support import browser as browsing
from tests.support.browser import NARROW, axe, faults, sideways
from tests.support.serving import address, listening, serving
from web import rendering
from web.forms import Form
from web.middleware import Guard
from web.navigation import Link

HERE = Path(__file__).parent
STATIC = browsing.ROOT / "web/static"
NAMES = ("Protocols", "Runs", "Suites", "Models", "Organisations", "People", "Health", "Public log")
OPERATOR = SimpleNamespace(
    name="Ada with a Rather Long Name",
    login="ada",
    actor=SimpleNamespace(organisation="office-for-evaluations", role="operator"),
    organisations=("office-for-evaluations",),
)
WRONG = Form(
    {"login": 'a"da<b>', "suite": "2", "claim": "It is good.", "level": "2"},
    {},
    {
        "login": "not known here",
        "suite": "this suite was withdrawn",
        "envelope": "choose a file",
        "level": "more bits than the ledger has left",
        "agree": "say yes, or do not sign",
        "": "the protocol changed meanwhile",
    },
)


def page_of(template, **context):
    """A page around a template's text, or a file beside this one."""
    found = rendering._environment()
    found.loader = ChoiceLoader([found.loader, FileSystemLoader(HERE)])
    drawn = found.from_string(template) if "{" in template else found.get_template(template)
    links = [Link(name, f"/{name.lower()}", name == "Suites") for name in NAMES]
    frame = {"me": OPERATOR, "nav": links, "csrf": "token", "path": "/suites/3"}
    content = drawn.render(**frame | context)

    def view(_request):
        return HTMLResponse(content)

    return view


def frame(content):
    return '{% extends "base.html" %}{% block content %}<h1>Page</h1>' + content + "{% endblock %}"


GALLERY = {
    "digest": "sha256:" + "0123456789abcdef" * 4,
    "states": [*Run, *Protocol, "PENDING", "REFUNDED"],
}


@pytest.fixture(scope="module")
def url():
    pages = {
        "/gallery": page_of("gallery.html", form=None, **GALLERY),
        "/wrong": page_of("gallery.html", form=WRONG, flash=[("good", "Kept.")], **GALLERY),
        "/stranger": page_of(frame("<p>Words.</p>"), me=None),
        "/styled": page_of(frame('<p style="color:red">Red.</p>')),
        "/scripted": page_of(frame('<img src="/static/mark.svg" onload="window.ran = 1" alt="a">')),
        "/barrier": page_of(frame('<input name="a">')),
        "/wide": page_of(frame('<svg width="400" height="9"></svg>')),
        "/torn": page_of(frame('<img src="/static/none.svg" alt="a">')),
        "/foreign": page_of(frame('<img src="http://cdn.example/a.png" alt="a">')),
    }
    routes = [Route(path, view) for path, view in pages.items()]
    app = Starlette(routes=[*routes, Mount("/static", StaticFiles(directory=STATIC))])
    with (
        listening() as door,
        serving(Guard(app, address(door), address(door).removeprefix("http://")), door) as found,
    ):
        yield found


@pytest.mark.parametrize("name", ["gallery", "wrong", "stranger"])
def test_every_component_serves_everybody(url, page, name):
    page.goto(f"{url}/{name}")
    assert faults(page, name) == []


def test_the_parts_are_drawn(url, page):
    page.goto(f"{url}/gallery")
    brand = page.locator(".btn-primary").first
    assert brand.evaluate("one => getComputedStyle(one).backgroundColor") == "rgb(31, 95, 168)"
    page.emulate_media(color_scheme="dark")
    assert brand.evaluate("one => getComputedStyle(one).backgroundColor") == "rgb(127, 180, 240)"
    box = page.locator(".notice use").first.evaluate("one => one.getBBox().width")
    assert box > 10


def test_paper_is_white_and_has_no_way_around(url, page):
    page.goto(f"{url}/gallery")
    page.emulate_media(media="print", color_scheme="dark")
    ground = "one => getComputedStyle(one).backgroundColor"
    assert page.locator("body").evaluate(ground) == "rgb(255, 255, 255)"
    assert page.locator(".assay-card").first.evaluate(ground) == "rgb(255, 255, 255)"
    assert page.get_by_role("heading", level=1).is_visible()
    assert not page.get_by_role("navigation", name="Main").is_visible()
    assert not page.get_by_role("button", name="Sign out").is_visible()


def test_a_form_keeps_what_was_typed_and_leads_to_what_is_wrong(url, page):
    page.goto(f"{url}/wrong")
    login = page.get_by_label("Login name")
    assert login.input_value() == 'a"da<b>'
    assert page.get_by_label("Password").input_value() == ""
    assert page.get_by_label("Suite", exact=True).input_value() == "2"
    page.get_by_role("link", name="Login name: not known here").click()
    assert login.evaluate("one => one === document.activeElement")
    ids = login.get_attribute("aria-describedby").split()
    assert [page.locator(f"#{one}").inner_text() for one in ids] == [
        "not known here",
        "As the operator gave it to you.",
    ]


def test_the_first_stop_leads_past_the_head(url, page):
    page.goto(f"{url}/gallery")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    assert skip.bounding_box()["y"] >= 0
    skip.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


# A phone shows the menu behind a button, which needs no script of ours.
def test_the_menu_opens_on_a_narrow_screen_without_scripts(url, open_page):
    page = open_page(java_script_enabled=False, viewport={"width": NARROW, "height": 700})
    page.goto(f"{url}/gallery")
    link = page.get_by_role("link", name="Organisations")
    assert not link.is_visible()
    page.get_by_role("button", name="Menu").click()
    link.wait_for(state="visible")
    assert page.get_by_role("button", name="Sign out").is_visible()


def test_an_open_menu_serves_everybody(url, page):
    page.set_viewport_size({"width": NARROW, "height": 700})
    page.goto(f"{url}/gallery")
    page.get_by_role("button", name="Menu").click()
    for scheme in browsing.SCHEMES:
        page.emulate_media(color_scheme=scheme)
        assert axe(page) == []
    assert sideways(page) == []


# What looks for an absence must see a presence.
@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("styled", "style-src"),
        ("scripted", "script-src"),
        ("torn", "404"),
        ("foreign", "img-src"),
    ],
)
def test_a_page_that_does_wrong_is_caught(url, page, complaints, path, said):
    page.goto(f"{url}/{path}")
    page.wait_for_load_state("networkidle")
    assert [text for text in complaints if said in text]
    assert page.evaluate("window.ran") is None
    complaints.clear()


def test_a_barrier_is_seen(url, page):
    page.goto(f"{url}/barrier")
    assert [text.split(":")[0] for text in axe(page)] == ["label"]


def test_a_page_that_is_too_wide_is_seen(url, page):
    page.set_viewport_size({"width": NARROW, "height": 700})
    page.goto(f"{url}/wide")
    assert len(sideways(page)) == 1
