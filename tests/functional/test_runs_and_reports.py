"""Runs and reports in a real browser: what a script renews, what works without one, and print."""

from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import update

from harness.records import runs
from harness.services.agreements.terms import Claim, Decision, Terms
from tests.support import released
from tests.support import world as worlds
from tests.support.browser import NARROW, ROOT, faults
from tests.support.service import member, served, signed_in
from tests.support.waiting import until

CATALOG = ROOT / "evals/catalog/over_refusal"
LIMITS = Terms(
    title="Over-refusal of an assistant",
    run_wall_clock_s=600,
    start_within_s=600,
    grid_s=60,
    runs=3,
    bits_cap=200,
    claim=Claim(decision=Decision(metric="accuracy", threshold="0.7", margin="0.02")),
)


class Clock:
    """Seconds since the epoch, turned by hand."""

    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A site with one report and two more runs of the same protocol; the second has begun."""
    world = worlds.make(tmp_path_factory.mktemp("site") / "data", worker_slots=2)
    world.image()
    world.model()
    names = ("suite.yaml", "samples.jsonl")
    digest = world.suite({name: Path(CATALOG, name).read_bytes() for name in names})
    protocol = world.agree(digest, LIMITS)
    run = world.reserve(protocol)
    clock = Clock(released.release(world, run))
    world = worlds.World(replace(world.platform, clock=clock), world.keys)
    more = [world.reserve(protocol) for _ in range(2)]
    released.start(world, more[1])
    links = {name: member(world, name) for name in (worlds.AUDITOR, worlds.VENDOR)}
    cookies = {name: signed_in(world, link) for name, link in links.items()}
    with served(world) as url:
        yield world, clock, url, run, more, cookies
    world.platform.database.close()


@pytest.fixture
def visit(site, open_page):
    """A window of somebody who is signed in."""

    def visited(who, path, **options):
        page = open_page(**options)
        ((name, secret),) = site[5][who].items()
        page.context.add_cookies([{"name": name, "value": secret, "url": site[2]}])
        page.goto(site[2] + path)
        return page

    return visited


def _sizes(page):
    """Which picture each image shows, and how wide it is by itself."""
    return page.evaluate("[...document.images].map(one => [one.currentSrc, one.naturalWidth])")


def test_a_report_is_readable_for_everybody(site, visit):
    page = visit(worlds.AUDITOR, f"/reports/{site[3]}")
    assert faults(page, "report") == []
    page.goto(f"{site[2]}/reports")
    assert faults(page, "reports") == []
    page.goto(f"{site[2]}/runs")
    assert faults(page, "runs") == []


@pytest.mark.parametrize(("width", "size", "units"), [(1280, "wide", 720), (NARROW, "narrow", 288)])
def test_the_chart_fits_the_screen(site, visit, width, size, units):
    page = visit(worlds.AUDITOR, f"/reports/{site[3]}", viewport={"width": width, "height": 800})
    shown = _sizes(page)
    assert [natural for _, natural in shown] == [units, units]
    assert all(urlsplit(address).query.endswith(f"size={size}") for address, _ in shown)


def test_the_chart_alone_has_its_colours_in_both_schemes(site, visit):
    fills = set()
    for scheme in ("light", "dark"):
        page = visit(worlds.AUDITOR, f"/reports/{site[3]}/chart.svg", color_scheme=scheme)
        fills.add(page.evaluate("getComputedStyle(document.querySelector('text')).fill"))
    assert len(fills) == 2
    assert "rgb(0, 0, 0)" not in fills


def test_a_printed_report_is_the_report_alone(site, visit):
    page = visit(worlds.AUDITOR, f"/reports/{site[3]}", color_scheme="dark")
    page.emulate_media(media="print")
    assert not page.locator("header.bar").is_visible()
    assert not page.get_by_role("link", name="Download the bundle").is_visible()
    assert page.locator("#primary img").is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_the_bundle_is_downloaded_under_the_name_in_the_command(site, visit):
    page = visit(worlds.VENDOR, f"/reports/{site[3]}")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the bundle").click()
    assert download.value.suggested_filename in page.locator("#verify code").first.inner_text()


def test_a_page_renews_itself_until_there_is_an_outcome(site, visit):
    world, clock, _, _, (run, _), _ = site
    page = visit(worlds.VENDOR, f"/runs/{run}")
    assert faults(page, "vendor's run") == []
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    with world.platform.database.write() as session:
        session.execute(update(runs.Run).where(runs.Run.id == run).values(rows=7))
    page.get_by_text("7 of 208").first.wait_for()
    clock.now = released.release(world, run)
    link = page.get_by_role("link", name="Read the report")
    link.wait_for()
    assert "hx-get" not in page.content()
    before = len(asked)
    link.click()
    page.get_by_text("All 14 checks hold").wait_for()
    assert [url for url in asked[before:] if url.endswith("/progress")] == []


def test_a_run_is_stopped_without_a_script(site, visit):
    world, _, _, _, (_, run), _ = site
    page = visit(worlds.VENDOR, f"/runs/{run}", java_script_enabled=False)
    page.get_by_role("link", name="Stop now").click()
    assert "Stop attempt 3 of Over-refusal of an assistant?" in page.locator("main").inner_text()
    page.get_by_role("button", name="Stop attempt 3").click()
    page.get_by_text("The run is asked to stop").wait_for()

    def asked():
        with world.platform.database.read() as session:
            return runs.stop_asked(session, run)

    until(lambda: asked() == worlds.VENDOR, 60, "the stop")


def test_an_auditors_pages_of_a_run_are_readable_for_everybody(site, visit):
    page = visit(worlds.AUDITOR, f"/runs/{site[4][1]}")
    assert faults(page, "auditor's run") == []
    page.get_by_role("link", name="Stop now").click()
    assert faults(page, "stop") == []
    page.goto(f"{site[2]}/reports/{site[4][1]}")
    assert faults(page, "no report") == []
