"""Debian's Chromium over the pages, driven by Playwright: fixtures, and what every page is held to.

Playwright's synchronous interface keeps an event loop running in the thread that uses it, so
`asyncio.run` fails there meanwhile. A browser therefore lives as long as one test file, and what
needs a loop beside it has a thread or a process of its own.

The content policy stays in force: what is asked of a page goes in by the debugger's door, which
the policy does not concern. A page's own mistakes are collected and fail its test.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.missing import missing

ROOT: Final = Path(__file__).resolve().parents[2]
AXE: Final = ROOT / "web/front/node_modules/axe-core/axe.min.js"
CHROMIUM: Final = Path("/usr/bin/chromium")

WIDE, NARROW = 1280, 320
SCHEMES: Final = ("light", "dark")
_HEIGHT: Final = 900
_TIMEOUT_MS: Final = 60_000
_RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
_ARGUMENTS: Final = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--no-proxy-server",
    # No other host exists: a page that asks one fails its test, and this machine asks nobody.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
# Says what axe-core found, one line each: the rule, what it wants, and the elements.
_ASK_AXE: Final = """async tags => {
  const found = await axe.run(document, {
    runOnly: {type: "tag", values: tags},
    rules: {"target-size": {enabled: true}},
    resultTypes: ["violations"],
  });
  return found.violations.map(one => `${one.id}: ${one.help}: `
    + one.nodes.map(node => `${node.target.join(" ")} (${node.failureSummary})`).join("; "));
}"""
# Names the innermost elements that reach beyond the right edge of a page that scrolls sideways.
_ASK_WIDTH: Final = """() => {
  if (document.scrollingElement.scrollWidth <= innerWidth) return [];
  const beyond = [...document.querySelectorAll("body *")].filter(
    one => one.getBoundingClientRect().right > innerWidth + 1 && !one.firstElementChild);
  const names = beyond.map(one => `<${one.localName} class="${one.getAttribute("class") || ""}">`);
  return [`${document.scrollingElement.scrollWidth} px wide: ${names.slice(0, 5).join(" ")}`];
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, for one test file: skipped without one, never in CI."""
    if not CHROMIUM.exists():
        missing(f"no {CHROMIUM}: make test installs Debian's package")
    if not AXE.exists():
        missing("axe-core is not there: make front")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only where it is used

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=str(CHROMIUM), args=_ARGUMENTS)
        yield found
        found.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the pages of this test did wrong; a test that provokes something empties it."""
    return []


@pytest.fixture
def open_page(browser, complaints) -> Iterator[Any]:
    """Opens a browser's window without any past: `open_page(**options)`; one for each person.

    Options are those of Playwright's `new_context`. At the end of the test, no window may have
    complained: by an error on the console, a violation of the policy, or a failed request.
    """
    contexts = []

    def opened(**options: Any) -> Any:
        size = {"width": WIDE, "height": _HEIGHT}
        context = browser.new_context(**{"viewport": size, "reduced_motion": "reduce", **options})
        context.set_default_timeout(_TIMEOUT_MS)
        contexts.append(context)
        page = context.new_page()
        watch(page, complaints)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(open_page) -> Any:
    """One window; see `open_page`."""
    return open_page()


def watch(page: Any, complaints: list[str]) -> None:
    """Collect what a page does wrong from now on."""

    def said(message: Any) -> None:
        # A page that answers 404 or 422 is no mistake; parts that are missing are seen below.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            complaints.append(f"console: {message.text}")

    def answered(response: Any) -> None:
        if response.status >= 400 and response.request.resource_type != "document":
            complaints.append(f"{response.status}: {response.url}")

    def failed(request: Any) -> None:
        # Leaving a page ends what it was loading, and a download ends the visit of its address.
        if request.failure != "net::ERR_ABORTED":
            complaints.append(f"{request.failure}: {request.url}")

    page.on("console", said)
    page.on("pageerror", lambda error: complaints.append(f"script: {error}"))
    page.on("response", answered)
    page.on("requestfailed", failed)


def axe(page: Any) -> list[str]:
    """Violations of WCAG 2.2 AA that axe-core sees on the page as it is now."""
    page.evaluate(AXE.read_text())
    found: list[str] = page.evaluate(_ASK_AXE, _RULES)
    return found


def sideways(page: Any) -> list[str]:
    """What makes the page scroll sideways; empty when it does not."""
    found: list[str] = page.evaluate(_ASK_WIDTH)
    return found


def faults(page: Any, name: str) -> list[str]:
    """What is wrong with a page for people, in both schemes and at both widths.

    With a folder in ASSAY_SCREENSHOTS each state is kept there as a picture, for people to see.
    """
    found = []
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        for width in (WIDE, NARROW):
            page.set_viewport_size({"width": width, "height": _HEIGHT})
            where = f"{name} {scheme} {width}"
            found += [f"{where}: {text}" for text in (*axe(page), *sideways(page))]
            if folder := os.environ.get("ASSAY_SCREENSHOTS"):
                picture = Path(folder, f"{where.replace(' ', '-')}.png")
                page.screenshot(path=picture, full_page=True)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": WIDE, "height": _HEIGHT})
    return found
