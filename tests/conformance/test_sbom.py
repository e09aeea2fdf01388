"""Bills of materials against CycloneDX's own schema and the reader of package URLs."""

import json
from importlib import resources

import jsonschema_rs
import pytest
from packageurl import PackageURL

from sandbox.container.images import ImageRecord
from sandbox.container.sbom import document

HASH = "ab" * 32
RECORD = ImageRecord(
    id="sha256:" + "1" * 64,
    base_digest="sha256:" + "2" * 64,
    packages={"python3": "3.11.2-1+b1", "libc6": "2.36-9+deb12u10", "e2fsprogs": "1:1.47~rc1-2"},
    built_from="sha256:" + "3" * 64,
    flavour="inspect",
    wheels={
        "openai": f"3.57.0 {HASH}",
        "certifi": f"2026.10.19.post1 {HASH}",
        "x": f"1!2+c {HASH}",
    },
)


@pytest.fixture(scope="module")
def problems():
    """Every reason of the schema of version 1.6, as its makers publish it."""
    folder = resources.files("cyclonedx.schema") / "_res"

    def schema(name):
        return json.loads((folder / f"{name}.SNAPSHOT.schema.json").read_text())

    whole = schema("bom-1.6")
    beside = whole["$id"].rpartition("/")[0]
    others = [
        (f"{beside}/{name}.SNAPSHOT.schema.json", schema(name)) for name in ("spdx", "jsf-0.82")
    ]
    registry = jsonschema_rs.Registry(others)
    validator = jsonschema_rs.validator_for(whole, registry=registry, validate_formats=True)
    return lambda found: [str(error) for error in validator.iter_errors(found)]


def test_the_schema_takes_it(problems):
    assert problems(document(RECORD)) == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda bom: bom["components"][-1].update(type="wheel"),
        lambda bom: bom["components"][-1]["hashes"][0].update(content="ab"),
        lambda bom: bom.update(serialNumber="urn:uuid:1"),
        lambda bom: bom["components"].append(bom["components"][0]),
        lambda bom: bom.update(colour="blue"),
    ],
)
def test_the_schema_sees_what_is_wrong(problems, spoil):
    bom = document(RECORD)
    spoil(bom)
    assert problems(bom) != []


def test_every_package_and_every_wheel_is_in_it_under_its_own_name():
    components = document(RECORD)["components"]
    read = [PackageURL.from_string(one["purl"]) for one in components]
    told = {
        kind: {one.name: one.version for one in read if one.type == kind}
        for kind in ("deb", "pypi")
    }
    assert told["deb"] == RECORD.packages
    assert {name: f"{version} {HASH}" for name, version in told["pypi"].items()} == RECORD.wheels
    assert {one.namespace for one in read if one.type == "deb"} == {"debian"}
    assert [one["hashes"] for one in components if "pypi" in one["purl"]] == [
        [{"alg": "SHA-256", "content": HASH}]
    ] * 3
    assert [
        one["name"] for one in components if one["name"] not in told["deb"] | told["pypi"]
    ] == []


def test_equal_images_have_equal_bills_and_others_another():
    again = json.dumps(document(RECORD))
    assert json.dumps(document(RECORD)) == again
    other = document(ImageRecord("sha256:" + "4" * 64, RECORD.base_digest, {}, RECORD.built_from))
    assert other["serialNumber"] != document(RECORD)["serialNumber"]
    assert other["components"] == []
