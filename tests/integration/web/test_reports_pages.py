"""The pages of reports: what one may read, from which bytes, and what is kept between readers."""

import html
import re
import shlex
from xml.etree import ElementTree as ET

import pytest
from sqlalchemy import update

from harness.records import log, runs
from harness.services import states
from harness.services.agreements.terms import Claim, Decision, Independence, Terms
from harness.services.publication import lists
from harness.services.runs import finish
from harness.tlog.verify import verify
from tests.support import released
from tests.support import world as worlds
from tests.support.copies import copy
from tests.support.programs import STRANGER
from tests.support.queries import counted
from tests.support.visits import visits
from web.views.pages import reports as pages
from web.wording import CHECKS

READERS = (worlds.AUDITOR, worlds.VENDOR, worlds.REGULATOR, "operator")
HOSTILE = "Sums <script>alert(1)</script> & \"more\" '{{ 7 * 7 }}'"
ESCAPED = "Sums &lt;script&gt;alert(1)&lt;/script&gt; &amp;"
TERMS = Terms(
    title=HOSTILE,
    run_wall_clock_s=60,
    start_within_s=60,
    grid_s=1,
    runs=20,
    release="on_completion",
    claim=Claim(
        sentence=f"The claim of {HOSTILE}",
        decision=Decision(metric="accuracy", threshold="0.7", margin="0.02"),
    ),
    independence=Independence(funding=[f"Funded by {HOSTILE}"]),
)
CHANGES = {
    'name: numeric, options: {after: "A:"}': "name: refusal, options: {report: expected}",
    "target: answer}": "target: answer, groups: {size: size}}",
    "aggregates:\n": """\
  - {id: outcome, score: {type: category, labels: [complied, refused, partly]}, worst: 2,
     scorer: {name: refusal, options: {report: class}}}
aggregates:
  - {id: by_size, metric: correct, kind: proportion, unit: 5, groups: size}
  - {id: outcomes, metric: outcome, kind: histogram, unit: 5}
""",
}


@pytest.fixture(autouse=True)
def _forgotten():
    for memory in (pages.pages, pages.pictures):
        memory.clear()


@pytest.fixture(scope="module")
def origin(peopled, tmp_path_factory):
    """A failed attempt and, after it, a released one, at whose slot the clock stands."""
    world = copy(peopled, tmp_path_factory.mktemp("reports") / "data")
    protocol = world.agree(world.suite(worlds.suite_files(worlds.simple_questions(20))), TERMS)
    failed = world.reserve(protocol)
    at = _end(world, failed, states.Run.FAILED)
    world = released.at(world, at)
    world.settle()
    run = world.reserve(protocol)
    world = released.at(world, released.release(world, run))
    with visits(world) as found:
        for name in (*READERS, STRANGER):
            found.headers(name)
    world.platform.database.close()
    return world, protocol, failed, run, found.cookies


@pytest.fixture
def world(origin, tmp_path):
    copied = copy(origin[0], tmp_path / "data")
    yield copied
    copied.platform.database.close()


@pytest.fixture
def run(origin):
    return origin[3]


@pytest.fixture
def browse(world, origin):
    with visits(world, origin[4]) as found:
        yield found


def _end(world, run_id, state):
    with world.platform.database.write() as session:
        finish.end(session, world.platform, runs.get(session, run_id), state, "a_category")
        return runs.get(session, run_id).visible_at


def _plain(page):
    """The text of a page as it is read."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


@pytest.mark.parametrize("who", READERS)
def test_every_party_reads_the_report_from_top_to_bottom(browse, run, who):
    page = browse.get(who, f"/reports/{run}")
    assert page.status_code == 200
    read = _plain(page.text)
    # 15 of 20 are right, in steps of 5 samples.
    parts = [
        "The claim of Sums",
        "Met",
        "Met where accuracy is at least 0.7; inconclusive within 0.02 of that",
        "0.750 share of samples 95 % interval 0.432 to 0.948 n = 20 samples",
        "2nd of 20 agreed attempts: 1 failed",
        "None is named",
        "attested digests compared before the start",
        "asserted by the vendor; no canary probes",
        "not covered the vendor's endpoint sees the prompts",
        "not covered No smaller bound holds for a single output: outputs are scored while others",
        "at most 9.504 bits",
        "about 1 random byte",
        "19.008 of at most 512.000 bits",
        "Funded by Sums",
        "Do not trust this page",
        "assay verify",
        "All 14 checks hold",
        "Assay report sha256:",
        "Trust root",
    ]
    places = [read.find(part) for part in parts]
    assert -1 not in places, [part for part, place in zip(parts, places, strict=True) if place < 0]
    assert places == sorted(places)


def test_what_parties_wrote_is_text_wherever_it_stands(browse, run):
    for path in (f"/reports/{run}", "/reports", f"/reports/{run}/chart.svg"):
        page = browse.get(worlds.VENDOR, path).text
        assert ESCAPED in page
        assert "<script>alert" not in page
        assert "49" not in re.findall(r"&#39;(\d+)&#39;", page)


def _grouped():
    """A suite with a figure for each of two groups, and a histogram."""
    questions = [(f"How are you, {i}?", "comply") for i in range(60)]
    files = worlds.suite_files(questions, "grouped")
    rows = files["samples.jsonl"].decode().splitlines()
    sized = [f'{row[:-1]}, "size": "{"big" if i % 2 else "small"}"}}' for i, row in enumerate(rows)]
    yaml = files["suite.yaml"].decode()
    for before, after in CHANGES.items():
        assert before in yaml
        yaml = yaml.replace(before, after)
    return {"suite.yaml": yaml.encode(), "samples.jsonl": "\n".join(sized).encode() + b"\n"}


def test_every_number_of_a_figure_comes_with_unit_interval_and_n(peopled, tmp_path):
    world = copy(peopled, tmp_path / "data")
    terms = TERMS.model_copy(update={"bits_cap": 100})
    run = world.reserve(world.agree(world.suite(_grouped()), terms))
    world = released.at(world, released.release(world, run))
    with visits(world) as found:
        read = _plain(found.get(worlds.AUDITOR, f"/reports/{run}").text)
        picture = found.get(worlds.AUDITOR, f"/reports/{run}/chart.svg?of=others").text
    assert "by_size.big share of samples, size: big 0.500 0.273 to 0.727 30 samples" in read
    assert "size: small 1.000 end of grid: ≥ " in read
    assert "complied 0.250 refused 0.000 partly 0.750 none computed 60 samples" in read
    drawn = [item.text for item in ET.fromstring(picture).iter() if item.tag.endswith("}text")]  # noqa: S314
    assert "outcomes: how 60 samples were classed" in drawn
    assert "By size, with 95 % intervals" in drawn
    world.platform.database.close()


def test_anybody_can_check_the_bundle_with_the_command_of_the_page(browse, run):
    page = browse.get(worlds.REGULATOR, f"/reports/{run}").text
    command = shlex.split(html.unescape(re.search(r"<code>(assay verify [^<]+)</code>", page)[1]))
    reply = browse.get(worlds.REGULATOR, f"/reports/{run}/bundle")
    assert reply.headers["content-disposition"] == f'attachment; filename="{command[2]}"'
    assert reply.headers["content-type"] == "application/json"
    assert verify(reply.content, command[4]).passed
    assert not verify(reply.content.replace(b'"index":2,', b'"index":3,'), command[4]).passed


def test_the_page_shows_what_the_verifier_finds_in_words(browse, run):
    page = browse.get(worlds.AUDITOR, f"/reports/{run}").text
    checks = verify(browse.get(worlds.AUDITOR, f"/reports/{run}/bundle").content, None).checks
    assert {check.name for check in checks} == set(CHECKS)
    for check in checks:
        assert html.escape(CHECKS[check.name], quote=False) in page.replace("&#39;", "'")


def test_a_bundle_that_does_not_hold_is_shown_as_such(browse, world, run):
    with world.platform.database.write() as session:
        approvals = log.find(session, "protocol-approval")
        broken = approvals[-1].envelope.replace(b'"sig":"M', b'"sig":"N')
        assert broken != approvals[-1].envelope
        session.execute(
            update(log.Statement)
            .where(log.Statement.id == approvals[-1].id)
            .values(envelope=broken)
        )
    read = _plain(browse.get(worlds.AUDITOR, f"/reports/{run}").text)
    assert "checks fail" in read
    assert "Do not rely on this report" in read


def test_strangers_find_nothing(browse, origin):
    _, _, failed, run, _ = origin
    for name in (run, failed, "ffffffffffffffff", "x", "%00"):
        for end in ("", "/bundle", "/chart.svg"):
            assert browse.get(STRANGER, f"/reports/{name}{end}").status_code == 404
    assert "No reports yet" in browse.get(STRANGER, "/reports").text
    for end in ("", f"/{run}", f"/{run}/bundle", f"/{run}/chart.svg"):
        assert browse.get("", f"/reports{end}").status_code == 303


@pytest.mark.parametrize("who", READERS)
def test_a_run_without_a_report_says_why(browse, world, origin, who):
    _, protocol, failed, _, _ = origin
    read = _plain(browse.get(who, f"/reports/{failed}").text)
    assert "There will be none: this attempt failed" in read
    waiting = world.reserve(protocol)
    read = _plain(browse.get(who, f"/reports/{waiting}").text)
    assert re.search(r"at the latest on \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", read)
    _end(world, waiting, states.Run.EXPIRED)
    assert "its bits were given back" in _plain(browse.get(who, f"/reports/{waiting}").text)
    for end in ("bundle", "chart.svg"):
        assert browse.get(who, f"/reports/{failed}/{end}").status_code == 409


@pytest.mark.parametrize("who", READERS)
def test_a_report_is_nowhere_before_its_slot(world, origin, who):
    _, _, _, run, cookies = origin
    with visits(released.at(world, world.platform.clock() - 0.5), cookies) as found:
        assert "at the latest on" in _plain(found.get(who, f"/reports/{run}").text)
        assert "No reports yet" in found.get(who, "/reports").text
        assert found.get(who, f"/reports/{run}/bundle").status_code == 409
        assert found.get(who, f"/reports/{run}/chart.svg").status_code == 409
    with visits(world, cookies) as found:
        assert "All 14 checks hold" in found.get(who, f"/reports/{run}").text


def test_a_chart_is_an_image_that_is_safe_on_its_own(browse, run):
    for query in ("", "?of=primary", "?of=others&size=narrow"):
        reply = browse.get(worlds.VENDOR, f"/reports/{run}/chart.svg{query}")
        assert reply.headers["content-type"] == "image/svg+xml"
        policy = reply.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'")
        assert "script-src" not in policy
        ET.fromstring(reply.text)  # noqa: S314 - our own
    assert browse.get(worlds.VENDOR, f"/reports/{run}/chart.svg?of=<b>").status_code == 422


def test_the_chart_is_told_in_a_sentence(browse, run):
    page = browse.get(worlds.VENDOR, f"/reports/{run}").text
    told = re.search(r'<img src="[^"]+of=primary[^"]*" alt="([^"]+)"', page)[1]
    assert told == (
        "accuracy: 0.750 (share of samples), 95 % interval 0.432 to 0.948, n = 20 samples. "
        "The decision threshold is 0.7."
    )


def test_the_list_tells_claim_verdict_and_primary_figure(browse, run):
    for who in READERS:
        read = _plain(browse.get(who, "/reports").text)
        assert "accuracy 0.750 95 %: 0.432 to 0.948, n = 20" in read
        assert "Met" in read
        assert f'href="/reports/{run}"' in browse.get(who, "/reports").text


def test_a_list_costs_as_many_queries_for_one_report_as_for_many(world, origin):
    _, protocol, _, _, cookies = origin
    with visits(world, cookies) as found:
        found.get(worlds.AUDITOR, "/reports")
        with counted(world.platform.database) as one:
            found.get(worlds.AUDITOR, "/reports")
    for _ in range(9):
        world = released.at(world, released.release(world, world.reserve(protocol)) + 1)
    with visits(world, cookies) as found:
        lists._memory.clear()
        with counted(world.platform.database) as cold:
            found.get(worlds.AUDITOR, "/reports")
        with counted(world.platform.database) as many:
            page = found.get(worlds.AUDITOR, "/reports")
        older = found.get(worlds.AUDITOR, "/reports?limit=4").text
    assert len(re.findall(r'<a href="/reports/[0-9a-f]{16}"', page.text)) == 10
    assert len(one) == len(many) <= 3
    assert len(cold) == len(many) + 1
    assert 'rel="next"' in older


def test_an_unchanged_page_is_not_made_again(browse, world, run):
    with counted(world.platform.database) as first:
        made = browse.get(worlds.AUDITOR, f"/reports/{run}")
    with counted(world.platform.database) as second:
        again = browse.get(worlds.AUDITOR, f"/reports/{run}")
    assert made.content == again.content
    # Who is signed in, and which report: nothing is read anew.
    assert len(second) == 2 < len(first)


def test_what_is_kept_holds_nothing_about_its_reader(browse, run):
    mine = browse.get(worlds.AUDITOR, f"/reports/{run}").text
    other = browse.get(worlds.VENDOR, f"/reports/{run}").text
    assert f"browser.of.{worlds.AUDITOR}" in mine
    assert f"browser.of.{worlds.AUDITOR}" not in other
    assert f"browser.of.{worlds.VENDOR}" in other
    (kept,) = pages.pages._held.values()
    assert kept.body in mine
    assert kept.body in other
    assert "browser.of" not in kept.body
    assert "csrf" not in kept.body


def test_what_is_kept_is_shown_to_nobody_else(browse, world, origin, run):
    for end in ("", "/chart.svg"):
        assert browse.get(worlds.AUDITOR, f"/reports/{run}{end}").status_code == 200
        assert browse.get(STRANGER, f"/reports/{run}{end}").status_code == 404
        assert browse.get("", f"/reports/{run}{end}").status_code == 303
    with visits(released.at(world, world.platform.clock() - 0.5), origin[4]) as found:
        assert "at the latest on" in _plain(found.get(worlds.AUDITOR, f"/reports/{run}").text)


def test_a_grown_log_is_proven_anew(browse, world, origin, run):
    before = browse.get(worlds.AUDITOR, f"/reports/{run}").text
    world.reserve(origin[1])
    after = browse.get(worlds.AUDITOR, f"/reports/{run}").text
    sizes = [int(re.search(r"tree of (\d+) leaves", page)[1]) for page in (before, after)]
    assert sizes[1] == sizes[0] + 1
    assert "All 14 checks hold" in after
