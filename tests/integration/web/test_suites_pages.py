"""The pages of suites: the list, one suite, its public samples, and submitting one."""

import json

import pytest

from evals import pack, wire
from harness.documents import packed
from harness.documents.signer import generate
from harness.records import suites as rows
from harness.services.agreements.terms import Terms
from tests.support import uploads
from tests.support import world as worlds
from tests.support.copies import copy
from tests.support.programs import RIVAL, STRANGER
from tests.support.queries import counted
from tests.support.visits import visits

SCRIPT = "<script>alert(1)</script>"
READERS = (worlds.AUDITOR, "operator")


def files_of(title="A suite for tests", suite_id="numbers", count=20):
    files = worlds.suite_files(worlds.simple_questions(count), suite_id)
    text = files["suite.yaml"].decode().replace("A suite for tests", json.dumps(title)[1:-1])
    return {**files, "suite.yaml": text.encode()}


@pytest.fixture(scope="module")
def origin(peopled, tmp_path_factory):
    """A world with browsers signed in."""
    world = copy(peopled, tmp_path_factory.mktemp("suites") / "data")
    with visits(world) as found:
        for who in (*READERS, worlds.VENDOR, worlds.REGULATOR, RIVAL, STRANGER):
            found.headers(who)
    return world, found.cookies


@pytest.fixture
def browse(origin, tmp_path):
    world = copy(origin[0], tmp_path / "data")
    with visits(world, origin[1]) as found:
        yield found
    world.platform.database.close()


@pytest.fixture
def digest(browse):
    with browse.world.platform.database.read() as session:
        return session.query(rows.Suite.digest).scalar()


@pytest.fixture(scope="module")
def archive():
    return packed.build(files_of(f"Title {SCRIPT}", "another"))


def send(browse, archive, signed, who=worlds.AUDITOR):
    files = {"archive": archive, "signatures": signed}
    return uploads.upload(browse, who, "/suites", "/suites/new", files)


def signed(browse, archive, who=worlds.AUDITOR):
    return uploads.submission(browse.world.keys[who], archive, who)


@pytest.mark.parametrize("who", READERS)
def test_the_list_shows_what_its_reader_may_see(browse, digest, who):
    page = browse.get(who, "/suites")
    assert page.status_code == 200
    assert f'href="/suites/{digest}"' in page.text
    assert ("Submit a suite" in page.text) is (who == worlds.AUDITOR)


@pytest.mark.parametrize("who", [worlds.VENDOR, worlds.REGULATOR, RIVAL])
@pytest.mark.parametrize("path", ["/suites", "/suites/new"])
def test_who_has_no_suites_has_no_list_of_them(browse, who, path):
    assert browse.get(who, path).status_code == 403


def test_the_operator_submits_nothing(browse, archive):
    assert browse.get("operator", "/suites/new").status_code == 403


def test_another_auditor_sees_an_empty_list_that_says_what_to_do(browse):
    page = browse.get(STRANGER, "/suites").text
    assert "No suites yet" in page
    assert 'href="/suites/new"' in page


@pytest.mark.parametrize("path", ["/suites", "/suites/new", "/suites/{}", "/suites/{}/samples"])
def test_nobody_sees_suites_without_signing_in(browse, digest, path):
    reply = browse.get("", path.format(digest))
    assert reply.headers["location"].startswith("/sign-in")


@pytest.mark.parametrize("end", ["", "/samples"])
@pytest.mark.parametrize("who", [STRANGER, worlds.VENDOR, worlds.REGULATOR])
def test_a_foreign_suite_is_not_found(browse, digest, who, end):
    assert browse.get(who, f"/suites/{digest}{end}").status_code == 404


@pytest.mark.parametrize("name", ["sha256:" + "0" * 64, "Z", "%00", "x" * 100])
@pytest.mark.parametrize("end", ["", "/samples"])
def test_a_suite_that_is_not_there_is_not_found(browse, name, end):
    assert browse.get(worlds.AUDITOR, f"/suites/{name}{end}").status_code == 404


@pytest.mark.parametrize("who", READERS)
def test_a_suite_is_described_without_its_questions(browse, digest, who):
    page = browse.get(who, f"/suites/{digest}").text
    for told in ("A suite for tests", digest, "MIT", "1.0.0", "accuracy", "0 to 1", "5 samples"):
        assert told in page
    for name in ("q0", "q1", "q2"):
        assert f"<code>{name}</code>" in page
    assert "What is 0 plus 1?" not in page
    assert "q3" not in page
    assert ("Propose a protocol" in page) is (who == worlds.AUDITOR)


@pytest.mark.parametrize("who", READERS)
def test_public_samples_are_shown_and_no_others(browse, digest, who):
    page = browse.get(who, f"/suites/{digest}/samples").text
    for number in range(3):
        assert f"What is {number} plus {number + 1}?" in page
    assert "What is 3 plus 4?" not in page
    assert page.count("What is") == 3


def test_a_suites_page_names_the_protocols_over_it(browse, digest):
    assert "No protocols" in browse.get(worlds.AUDITOR, f"/suites/{digest}").text
    name = browse.world.agree(digest, Terms(title=f"Over {SCRIPT}"))
    page = browse.get(worlds.AUDITOR, f"/suites/{digest}").text
    assert f'href="/protocols/{name}"' in page
    assert SCRIPT not in page


def test_a_suite_that_no_protocol_can_take_says_so_and_why(browse):
    files = files_of(suite_id="tiny")
    files["suite.yaml"] = files["suite.yaml"].replace(b"unit: 5}", b"unit: 2}")
    name = browse.world.suite(files)
    page = browse.get(worlds.AUDITOR, f"/suites/{name}").text
    assert "No protocol over this suite can be proposed" in page
    assert "the least is 5" in page
    assert "Propose a protocol" not in page


def test_a_packed_suite_with_its_signature_is_taken(browse, archive):
    reply = send(browse, archive, signed(browse, archive))
    assert reply.status_code == 303
    assert reply.headers["location"] == f"/suites/{pack.digest(archive)}"
    page = browse.get(worlds.AUDITOR, reply.headers["location"]).text
    assert "Title &lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert SCRIPT not in page
    assert SCRIPT not in browse.get(worlds.AUDITOR, "/suites").text


def test_the_same_suite_sent_twice_is_there_once(browse, archive):
    for _ in range(2):
        assert send(browse, archive, signed(browse, archive)).status_code == 303
    page = browse.get(worlds.AUDITOR, "/suites").text
    assert page.count(f'href="/suites/{pack.digest(archive)}"') == 1


def beside(page, field):
    return page.split(f'id="{field}-error"')[1].split("</p>")[0]


def test_without_files_both_fields_say_so(browse):
    reply = send(browse, b"", b"")
    assert reply.status_code == 422
    assert "choose a file" in beside(reply.text, "archive")
    assert "choose a file" in beside(reply.text, "signatures")


@pytest.mark.parametrize(
    ("wrong", "field", "message"),
    [
        ({"archive": b"no archive"}, "archive", "not a canonical archive"),
        ({"signed": b"{}"}, "signatures", "not a file that `assay sign` wrote"),
        ({"signed": b"\xff"}, "signatures", "not a file that `assay sign` wrote"),
        ({"archive": b"no archive", "signed": b"{}"}, "archive", "not a canonical archive"),
    ],
)
def test_a_file_that_is_something_else_is_named(browse, archive, wrong, field, message):
    reply = send(browse, **{"archive": archive, "signed": signed(browse, archive), **wrong})
    assert reply.status_code == 422
    assert message in beside(reply.text, field)


def test_a_signature_of_another_suite_or_key_is_refused(browse, archive):
    other = packed.build(files_of(suite_id="third"))
    reply = send(browse, archive, signed(browse, other))
    assert "signs another suite" in beside(reply.text, "signatures")
    foreign = uploads.submission(generate("p256"), archive, worlds.AUDITOR)
    reply = send(browse, archive, foreign)
    assert "not signed by a valid key" in beside(reply.text, "signatures")


def test_what_the_linter_finds_is_listed_by_file_line_and_field(browse):
    files = pack.unpack(packed.build(files_of(suite_id="bad")))
    samples = [json.loads(line) for line in files["samples.jsonl"].splitlines()]
    samples[2]["answer"] = f"many {SCRIPT}"
    files["samples.jsonl"] = b"".join(wire.canonical(row) + b"\n" for row in samples)
    value = json.loads(files["suite.json"])
    value["data"][0]["sha256"] = pack.digest(files["samples.jsonl"]).removeprefix("sha256:")
    files["suite.json"] = wire.canonical(value)
    broken = pack.pack(files)
    reply = send(browse, broken, signed(browse, broken))
    assert reply.status_code == 422
    assert "the linter found one problem" in beside(reply.text, "archive")
    line = reply.text.split('id="findings"')[1].split("<tbody>")[1].split("</tbody>")[0]
    for told in (">samples.jsonl<", ">3<", ">answer<", "plain decimal number"):
        assert told in line
    assert SCRIPT not in reply.text


def test_a_manifest_that_is_wrong_is_named_by_its_fields(browse, archive):
    files = pack.unpack(archive)
    value = json.loads(files["suite.json"])
    value["metrics"][0]["worst"] = 7
    value["primary"] = "nothing"
    files["suite.json"] = wire.canonical(value)
    reply = send(browse, pack.pack(files), signed(browse, archive))
    found = reply.text.split('id="findings"')[1].split("</table>")[0]
    for told in (">suite.json<", ">metrics[0].worst<", ">primary<"):
        assert told in found
    assert "the linter found 2 problems" in beside(reply.text, "archive")


def test_a_suite_of_somebody_else_is_not_taken_again(browse, archive):
    send(browse, archive, signed(browse, archive))
    reply = send(browse, archive, signed(browse, archive, STRANGER), STRANGER)
    assert reply.status_code == 422
    assert "submitted by another organisation" in beside(reply.text, "archive")


def test_a_file_over_the_cap_is_refused_with_a_page(browse):
    headers = {**browse.headers(worlds.AUDITOR), "content-length": str(80 * 2**20)}
    reply = browse.client.post("/suites", headers=headers, content=b"x")
    assert reply.status_code == 413
    assert "text/html" in reply.headers["content-type"]
    assert "large" in reply.text.split("<h1>")[1].split("</h1>")[0]


def test_a_form_of_another_session_changes_nothing(browse, archive):
    files = {"archive": archive, "signatures": signed(browse, archive)}
    reply = browse.client.post(
        "/suites", headers=browse.headers(worlds.AUDITOR), data={"csrf": "0" * 64}, files=files
    )
    assert reply.status_code == 403
    assert browse.get(worlds.AUDITOR, f"/suites/{pack.digest(archive)}").status_code == 404


def test_a_list_costs_as_many_queries_for_one_suite_as_for_many(browse):
    browse.get(worlds.AUDITOR, "/suites")
    with counted(browse.world.platform.database) as one:
        browse.get(worlds.AUDITOR, "/suites")
    for number in range(19):
        browse.world.suite(files_of(suite_id=f"more{number}"))
    with counted(browse.world.platform.database) as many:
        page = browse.get(worlds.AUDITOR, "/suites").text
    assert page.count('href="/suites/sha256:') == 20
    assert len(one) == len(many) <= 4


def test_one_suite_costs_a_fixed_number_of_queries(browse, digest):
    browse.world.agree(digest, Terms())
    browse.get(worlds.AUDITOR, f"/suites/{digest}")
    with counted(browse.world.platform.database) as one:
        browse.get(worlds.AUDITOR, f"/suites/{digest}")
    for _ in range(3):
        browse.world.agree(digest, Terms())
    browse.get(worlds.AUDITOR, f"/suites/{digest}")
    with counted(browse.world.platform.database) as many:
        browse.get(worlds.AUDITOR, f"/suites/{digest}")
    assert len(one) == len(many) <= 6
