"""The pages of protocols: the list, one agreement, and the vendor's signature."""

import re

import pytest

from harness.documents import signatures
from harness.documents.fields import instant
from harness.documents.signer import generate
from harness.records import runs
from tests.support import agreements, released, uploads
from tests.support import world as worlds
from tests.support.agreements import READERS, SCRIPT, STRANGERS, TERMS, found
from tests.support.copies import copy
from tests.support.programs import RIVAL, STRANGER
from tests.support.queries import counted
from tests.support.service import member, signed_in
from tests.support.visits import visits


@pytest.fixture(scope="module")
def origin(peopled, tmp_path_factory):
    return agreements.make(peopled, tmp_path_factory.mktemp("protocols") / "data")


@pytest.fixture
def browse(origin, tmp_path):
    world = copy(origin.world, tmp_path / "data")
    with visits(world, origin.cookies) as opened:
        yield opened
    world.platform.database.close()


@pytest.fixture
def active(origin):
    return origin.active


@pytest.fixture
def proposed(origin):
    return origin.proposed


def send(browse, protocol, content, who=worlds.VENDOR):
    files = {"signatures": content}
    path = f"/protocols/{protocol}"
    return uploads.upload(browse, who, f"{path}/sign", path, files)


def signed(browse, protocol):
    key = browse.world.keys[worlds.VENDOR]
    return uploads.approval(key, found(browse, protocol).body, worlds.VENDOR)


def beside(page, field="signatures"):
    return page.split(f'id="{field}-error"')[1].split("</p>")[0]


def fact(page, name):
    return re.search(rf"<dt>{name}</dt><dd[^>]*>(.*?)</dd>", page, re.DOTALL)[1]


@pytest.mark.parametrize("who", READERS)
def test_every_party_has_its_list(browse, active, proposed, who):
    page = browse.get(who, "/protocols")
    assert page.status_code == 200
    for protocol in (active, proposed):
        assert f'href="/protocols/{protocol}"' in page.text
    for told in ("Active", "Proposed", "numbers 1.0.0", "replayed", "Sums &lt;script&gt;"):
        assert told in page.text
    assert SCRIPT not in page.text
    assert ("Waiting for your signature" in page.text) is (who == worlds.VENDOR)
    assert ("Propose a protocol" in page.text) is (who == worlds.AUDITOR)


def test_what_waits_for_the_vendor_is_on_top_and_only_that(browse, active, proposed):
    page = browse.get(worlds.VENDOR, "/protocols").text
    top = page.split("Waiting for your signature")[1].split("Proposed and agreed")[0]
    assert proposed in top
    assert active not in top
    browse.world.sign(proposed)
    assert "Waiting for your signature" not in browse.get(worlds.VENDOR, "/protocols").text


@pytest.mark.parametrize("who", STRANGERS)
def test_others_see_an_empty_list(browse, who):
    page = browse.get(who, "/protocols").text
    assert "No protocols yet" in page
    assert ('href="/drafts/new"' in page) is (who == STRANGER)


@pytest.mark.parametrize("end", ["", "/document", "/start"])
@pytest.mark.parametrize("who", STRANGERS)
def test_a_foreign_protocol_is_not_found(browse, active, who, end):
    assert browse.get(who, f"/protocols/{active}{end}").status_code == 404


@pytest.mark.parametrize("end", ["", "/document", "/start"])
@pytest.mark.parametrize("name", ["p0123456789abcdef", "x", "%00", "p" + "0" * 60])
def test_a_protocol_that_is_not_there_is_not_found(browse, name, end):
    assert browse.get(worlds.AUDITOR, f"/protocols/{name}{end}").status_code == 404


@pytest.mark.parametrize("path", ["", "/{}", "/{}/document", "/{}/start"])
def test_nobody_sees_protocols_without_signing_in(browse, active, path):
    reply = browse.get("", f"/protocols{path.format(active)}")
    assert reply.headers["location"].startswith("/sign-in")


@pytest.mark.parametrize("who", READERS)
def test_a_protocol_shows_its_state_its_terms_and_its_signatures(browse, active, who):
    page = browse.get(who, f"/protocols/{active}").text
    assert "Active" in fact(page, "State")
    assert fact(page, "Runs left") == "2 of 2"
    assert fact(page, "Whose turn").strip() == ("You" if who == worlds.AUDITOR else "Auditor")
    assert "Met when accuracy is 0.5 or more" in fact(page, "Decision")
    assert found(browse, active).digest in page
    table = page.split("Signatures and their place in the public log")[1].split("</table>")[0]
    assert re.findall(r'<a href="/log/(\d+)">\1</a>', table) == ["1", "2", "3", "4"]
    for name in (worlds.AUDITOR, worlds.VENDOR):
        assert browse.world.keys[name].public.key_id in table
    assert "invented" in page
    assert SCRIPT not in page
    assert "It adds &lt;script&gt;" in page


@pytest.mark.parametrize("who", READERS)
def test_the_exact_bytes_are_a_file_to_keep(browse, proposed, who):
    reply = browse.get(who, f"/protocols/{proposed}/document")
    assert reply.content == found(browse, proposed).body
    assert reply.headers["content-disposition"] == f'attachment; filename="{proposed}.json"'


@pytest.mark.parametrize("who", READERS)
def test_only_the_vendor_is_asked_to_sign(browse, proposed, active, who):
    page = browse.get(who, f"/protocols/{proposed}").text
    assert (f'action="/protocols/{proposed}/sign"' in page) is (who == worlds.VENDOR)
    assert (f"assay sign {proposed}.json" in page) is (who == worlds.VENDOR)
    assert "/sign" not in browse.get(who, f"/protocols/{active}").text.split("<main")[1]


def test_a_signature_puts_the_protocol_in_force(browse, proposed):
    reply = send(browse, proposed, signed(browse, proposed))
    assert (reply.status_code, reply.headers["location"]) == (303, f"/protocols/{proposed}")
    assert found(browse, proposed).state == "ACTIVE"
    assert "Start run 1" in browse.get(worlds.AUDITOR, f"/protocols/{proposed}").text


@pytest.mark.parametrize(
    ("who", "status"),
    [
        (worlds.AUDITOR, 403),
        (worlds.REGULATOR, 403),
        ("operator", 403),
        (STRANGER, 404),
        (RIVAL, 404),
    ],
)
def test_nobody_else_signs(browse, proposed, who, status):
    files = {"signatures": signed(browse, proposed)}
    path = f"/protocols/{proposed}/sign"
    assert uploads.upload(browse, who, path, "/protocols", files).status_code == status
    assert found(browse, proposed).state == "PROPOSED"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "choose a file"),
        (b"{}", "not a file that `assay sign` wrote"),
        (signatures.build({}), "holds no approval"),
    ],
)
def test_a_file_without_signature_is_refused_beside_its_field(browse, proposed, content, message):
    reply = send(browse, proposed, content)
    assert reply.status_code == 422
    assert message in beside(reply.text)
    assert found(browse, proposed).state == "PROPOSED"


def test_another_key_or_other_bytes_are_refused_beside_the_field(browse, proposed, active):
    body = found(browse, proposed).body
    foreign = uploads.approval(generate("p256"), body, worlds.VENDOR)
    assert "not signed by a valid key" in beside(send(browse, proposed, foreign).text)
    other = signed(browse, active)
    assert "signs another protocol" in beside(send(browse, proposed, other).text)
    assert found(browse, proposed).state == "PROPOSED"


def test_signing_twice_is_a_conflict_with_a_page(browse, proposed):
    content = signed(browse, proposed)
    browse.world.sign(proposed)
    files = {"signatures": content}
    path = f"/protocols/{proposed}/sign"
    reply = uploads.upload(browse, worlds.VENDOR, path, "/protocols", files)
    assert reply.status_code == 409
    assert "can be signed while PROPOSED" in reply.text


def test_after_its_window_a_proposal_asks_nobody_to_sign(browse, proposed):
    world = released.at(browse.world, instant("2999-01-01T00:00:00Z").timestamp())
    ((name, secret),) = signed_in(world, member(world, worlds.VENDOR, "late.person")).items()
    with visits(world, {worlds.VENDOR: f"{name}={secret}"}) as late:
        page = late.get(worlds.VENDOR, f"/protocols/{proposed}").text
        assert "assay sign" not in page
        assert "is over" in fact(page, "What happens next")
        assert "Waiting for your signature" not in late.get(worlds.VENDOR, "/protocols").text


def test_a_form_of_another_session_changes_nothing(browse, active, proposed):
    for path in (f"/protocols/{active}/start", f"/protocols/{proposed}/sign"):
        assert browse.post(worlds.AUDITOR, path, csrf="0" * 64, ordinal="1").status_code == 403
    with browse.world.platform.database.read() as session:
        assert not runs.of_protocol(session, active)


@pytest.mark.parametrize("who", [worlds.AUDITOR, worlds.VENDOR])
def test_a_list_costs_as_many_queries_for_two_as_for_many(browse, origin, who):
    browse.get(who, "/protocols")
    with counted(browse.world.platform.database) as few:
        browse.get(who, "/protocols")
    for _ in range(9):
        browse.world.propose(browse.world.draft(origin.suite, TERMS))
        browse.world.agree(origin.suite, TERMS)
    browse.get(who, "/protocols")
    with counted(browse.world.platform.database) as many:
        page = browse.get(who, "/protocols").text
    assert page.count('href="/protocols/p') >= 20
    # Who is signed in, the list and what waits for whom; what a protocol says is remembered.
    assert len(few) == len(many) <= 8


def test_a_long_list_is_read_page_by_page(browse, active, proposed):
    first = browse.get(worlds.AUDITOR, "/protocols?limit=1").text
    older = re.search(r'href="/protocols\?cursor=([^"&]+)" rel="next"', first)[1]
    second = browse.get(worlds.AUDITOR, f"/protocols?limit=1&cursor={older}").text
    assert proposed in first
    assert active in second
    assert proposed not in second
