"""The whole main job by clicks in a real browser, from the first sign-in to a verified report.

A real `assay serve` with its worker, a real container, a real HTTP vendor; keys and signatures
stay on the parties' own machines. Every kind of page that somebody passes is looked at by
axe-core, in both colour schemes, at 1280 and at 320 px.
"""

import re

import pytest

from harness.config import Settings
from harness.records import platform as rows
from harness.records.base import Act
from harness.services.platform.opening import initialise, open_platform
from tests.functional.people import Someone, assay, newcomers
from tests.integration.gateway.scripted_vendor import ScriptedVendor
from tests.integration.serve.served import Served
from tests.support import world as worlds
from tests.support.scripted import prompt_of, right
from tests.support.waiting import until

AUDITOR, VENDOR, REGULATOR = "example-university", "example-vendor", "example-regulator"
MODEL = "example-7b"
SAMPLES = 40
TITLE = "Adding numbers"
CLAIM = "The model adds small numbers"


async def held(wire, seen):
    """Answer rightly, once the test has looked at the run in its middle."""
    if prompt_of(seen).startswith("What is 3"):
        await wire.released.wait()
    await right(wire, seen)


@pytest.fixture
def vendor():
    vendor = ScriptedVendor(default=held)
    yield vendor
    vendor.release()
    vendor.stop()


@pytest.fixture
def served(tmp_path, image_id):
    data = tmp_path / "data"
    settings = Settings(data_dir=data)
    initialise(settings)
    platform = open_platform(settings)
    with platform.database.write() as session:
        row = rows.Image(id=image_id, flavour="base", packages={}, added_at=1.0)
        rows.put_image(session, row, Act("operator", "add image", 1.0))
    platform.database.close()
    served = Served(tmp_path / "serve.log", data)
    yield served
    served.close()


@pytest.fixture
def somebody(open_page, served, tmp_path):
    return newcomers(open_page, served.address, tmp_path)


def invite(operator: Someone, organisation: str, role: str, public_key, login: str) -> str:
    """The operator adds an organisation and somebody who acts for it; their one-time link."""
    operator.go("Organisations", "Add an organisation")
    operator.fill(name=organisation, role=role)
    if public_key is not None:
        operator.upload(key=public_key)
    operator.press("Add the organisation")
    operator.go("People", "Add a person")
    operator.fill(login=login, name=login.capitalize(), organisation=organisation)
    operator.press("Add the person")
    return re.search(r"http://\S+/sign-in/\S+", operator.text())[0]


def suite_folder(folder):
    for name, content in worlds.suite_files(worlds.simple_questions(SAMPLES)).items():
        (folder / name).write_bytes(content)
    return folder


def offer_model(person: Someone, vendor: ScriptedVendor) -> None:
    person.go("Models", "Register a model")
    person.fill(
        name=MODEL,
        snapshot="2026-11-01",
        base_url=vendor.base_url,
        upstream="example",
        credential="sk-never-shown",
        price_in="0.15",
        price_out="0.60",
    )
    person.press("Register the model")
    assert "sk-never-shown" not in person.window.content()


def submit_suite(person: Someone) -> None:
    folder = person.folder / "suite"
    folder.mkdir()
    packed = person.folder / "numbers.suite.tar"
    assay("suite", "pack", str(suite_folder(folder)), "-o", str(packed), cwd=person.folder)
    person.go("Suites", "Submit a suite")
    person.upload(archive=packed, signatures=person.sign(packed, "--org", AUDITOR))
    person.press("Submit the suite")


def propose(person: Someone) -> None:
    person.go("Protocols", "Propose a protocol")
    person.press("Go on to the terms")
    person.fill(
        title=TITLE,
        claim__sentence=CLAIM,
        claim__decision__metric="accuracy",
        claim__decision__threshold="0.5",
        runs="1",
        run_wall_clock_s="60",
        start_within_s="60",
        release="on_completion",
        grid_s="1",
    )
    person.press("Preview")
    assert "bits" in person.text()
    document = person.download("Download the exact bytes")
    person.upload(signatures=person.sign(document))
    person.press("Propose this protocol")


def agree(person: Someone) -> None:
    person.go("Protocols", TITLE)
    assert CLAIM in person.text()
    document = person.download("Download the exact bytes")
    person.upload(signatures=person.sign(document))
    person.press("Sign this protocol")


def run(auditor: Someone, watcher: Someone, vendor: ScriptedVendor) -> str:
    """Start the run and look at it in its middle from both sides; its id."""
    auditor.go("Protocols", TITLE, "Start run 1")
    auditor.press("Start run 1")
    run_id = auditor.window.url.rpartition("/")[2]
    until(lambda: vendor.in_flight > 0, 60, "calls to the vendor")
    assert "Samples answered" not in auditor.text()
    auditor.look("run before the slot")
    watcher.go("Runs", TITLE)
    assert "Samples answered" in watcher.text()
    watcher.look("run with progress")
    watcher.go("Stop now")
    watcher.window.go_back()
    vendor.release()
    # The page asks for itself again, and offers the report when there is one.
    auditor.window.get_by_role("link", name="Read the report").wait_for(timeout=90_000)
    auditor.go("Read the report")
    return run_id


def verify(person: Someone, run_id: str, said: str) -> None:
    """Read the report, look at its pictures, and check its bundle on one's own machine."""
    person.go("Reports", TITLE)
    text = person.text()
    assert CLAIM in text
    assert "checks hold" in text
    pictures = [one for one in person.window.locator("img").all() if one.is_visible()]
    assert pictures
    for one in pictures:
        one.scroll_into_view_if_needed()
        assert one.evaluate("one => one.decode().then(() => one.naturalWidth > 0)")
    command = person.window.locator("pre", has_text="assay verify").first.inner_text()
    root = re.search(r"sha256:[0-9a-f]{64}", command)[0]
    assert root in said
    bundle = person.download("Download the bundle")
    assert bundle.name == f"{run_id}.report.bundle.json"
    assert "PASSED" in assay("verify", str(bundle), "--root", root, cwd=person.folder)


@pytest.mark.timeout(900)
def test_the_main_job_by_clicks(served, vendor, somebody):
    operator, auditor, regulator = somebody("operator"), somebody("auditor"), somebody("regulator")
    seller = somebody("vendor")
    operator.arrive(served.link)
    links = {
        "auditor": invite(operator, AUDITOR, "auditor", auditor.make_key("ed25519"), "ada"),
        "vendor": invite(operator, VENDOR, "vendor", seller.make_key("p256"), "vera"),
        "regulator": invite(operator, REGULATOR, "regulator", None, "rene"),
    }
    for person in (auditor, seller, regulator):
        person.arrive(links[person.name])
    offer_model(seller, vendor)
    submit_suite(auditor)
    propose(auditor)
    agree(seller)
    run_id = run(auditor, seller, vendor)
    verify(regulator, run_id, served.said)
    regulator.go("Public log")
    operator.go("Health")
    people = (operator, auditor, seller, regulator)
    assert [fault for person in people for fault in person.found] == []
