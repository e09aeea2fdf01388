"""`assay verify`: what its exit status and its output say of a bundle."""

import json

import pytest

from harness.tlog import trust_root
from tests.unit.harness.tlog import chain

PIN = trust_root.digest(chain.root_bytes())


@pytest.fixture
def bundle(tmp_path):
    """An honest bundle in the current folder, and the root beside it."""
    (tmp_path / "root.json").write_bytes(chain.root_bytes())
    path = tmp_path / "report.bundle.json"
    path.write_bytes(chain.honest().bundle())
    return path


@pytest.mark.parametrize("root", [PIN, "root.json"])
def test_a_good_bundle_passes_pinned_by_digest_and_by_file(assay, bundle, root):
    done = assay("verify", bundle.name, "--root", root)
    assert (done.status, done.err) == (0, "")
    assert "PASSED" in done.out
    assert "FAIL" not in done.out
    assert done.out.count("PASS ") == 14
    # What a reader must compare by hand is there.
    for role in ("auditor", "vendor"):
        assert f"key {chain.key_id(role)}" in done.one(f"{role} ")
    assert done.one("claim") == "It counts.: none"
    assert done.one("leak") == "at most 8.055 bits"


def test_unpinned_ends_with_3(assay, bundle):
    done = assay("verify", bundle.name)
    assert done.status == 3
    assert "UNPINNED" in done.out
    assert "PASSED" not in done.out


def test_standard_input(assay, bundle):
    done = assay("verify", "-", "--root", PIN, stdin=bundle.read_bytes())
    assert done.status == 0


def test_any_flipped_byte_fails_by_the_name_of_a_check(assay, bundle):
    whole = bundle.read_bytes()
    for place in range(0, len(whole), len(whole) // 16):
        broken = bytearray(whole)
        broken[place] ^= 1
        bundle.write_bytes(broken)
        done = assay("verify", bundle.name, "--root", PIN)
        assert done.status == 1, place
        failed = [line.split()[1] for line in done.out.splitlines() if line.startswith("FAIL ")]
        assert failed
        assert done.out.splitlines()[-1] == "FAILED: " + ", ".join(failed)
        # A bundle that fails is not quoted.
        assert "claim" not in done.out


def test_the_check_is_named(assay, bundle):
    story = chain.honest()
    note = bytearray(story.note().encode())
    note[-4] ^= 1
    bundle.write_bytes(story.bundle(checkpoint=note.decode()))
    done = assay("verify", bundle.name, "--root", PIN)
    assert done.status == 1
    assert "FAIL  checkpoint-signature" in done.out


def test_another_root_fails(assay, bundle, tmp_path):
    (tmp_path / "other.json").write_bytes(chain.root_bytes(log="other-log"))
    for root in ("other.json", "sha256:" + "0" * 64):
        done = assay("verify", bundle.name, "--root", root)
        assert done.status == 1
        assert done.out.splitlines()[-1] == "FAILED: trust-root"


def test_for_programs(assay, bundle):
    value = json.loads(assay("verify", bundle.name, "--root", PIN, "--json").out)
    assert (value["passed"], value["pinned"]) == (True, True)
    assert {check["ok"] for check in value["checks"]} == {True}
    assert value["report"]["figures"] == [
        {"id": "accuracy", "shown": "0.561", "interval": ["0.532", "0.590"]}
    ]
    bundle.write_bytes(b"{}")
    done = assay("verify", bundle.name, "--root", PIN, "--json")
    assert done.status == 1
    value = json.loads(done.out)
    assert (value["passed"], value["report"]) == (False, None)


@pytest.mark.parametrize(
    "words",
    [
        ("nowhere.json",),
        ("nowhere.json", "--root", PIN),
        (".",),
        ("report.bundle.json", "--root", "nowhere.json"),
        ("report.bundle.json", "--root", PIN[:-1]),
        ("report.bundle.json", "--root", "sha256:"),
        ("report.bundle.json", "--root", PIN.upper()),
    ],
)
def test_what_cannot_be_read_ends_with_2(assay, bundle, words):
    done = assay("verify", *words)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("invalid_input ")
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize("content", [b"", b"\x00" * 100, b"[[[[", b'{"schema":"assay.bundle/1"}'])
def test_rubbish_fails_without_a_traceback(assay, bundle, content):
    bundle.write_bytes(content)
    done = assay("verify", bundle.name, "--root", PIN)
    assert done.status == 1
    assert "FAILED: bundle-canonical" in done.out
    assert "Traceback" not in done.err
