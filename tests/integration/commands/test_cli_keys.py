"""Keys of organisations: made once, for their owner's eyes only."""

import json
import stat

from harness.documents.signer import PrivateKey, PublicKey


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_key_is_for_its_owner_alone(assay, tmp_path):
    done = assay("keys", "new", "folder/key.pem", "--json")
    assert done.status == 0
    private, public = tmp_path / "folder/key.pem", tmp_path / "folder/key.pem.pub"
    assert mode(private) == 0o600
    assert mode(public) == 0o644
    key = PrivateKey.from_pem(private.read_bytes())
    assert PublicKey.from_pem(public.read_bytes()).key_id == key.public.key_id
    assert json.loads(done.out) == {
        "private": "folder/key.pem",
        "public": "folder/key.pem.pub",
        "key_id": key.public.key_id,
    }


def test_the_kinds_of_key_differ(assay, tmp_path):
    assert assay("keys", "new", "a").status == 0
    assert assay("keys", "new", "b", "--type", "ed25519").status == 0
    assert len((tmp_path / "a").read_bytes()) > len((tmp_path / "b").read_bytes())


def test_a_key_is_never_overwritten(assay, tmp_path):
    assert assay("keys", "new", "key").status == 0
    before = (tmp_path / "key").read_bytes(), (tmp_path / "key.pub").read_bytes()
    done = assay("keys", "new", "key")
    assert done.status == 2
    assert done.err == "conflict key exists already; a key is never overwritten\n"
    assert ((tmp_path / "key").read_bytes(), (tmp_path / "key.pub").read_bytes()) == before


def test_half_a_pair_is_not_left_behind(assay, tmp_path):
    (tmp_path / "key.pub").write_text("somebody's")
    done = assay("keys", "new", "key")
    assert done.status == 2
    assert "key.pub exists already" in done.err
    assert not (tmp_path / "key").exists()
    assert (tmp_path / "key.pub").read_text() == "somebody's"


def test_a_folder_that_cannot_be_made_is_named(assay, tmp_path):
    (tmp_path / "file").write_text("")
    done = assay("keys", "new", "file/key")
    assert done.status == 2
    assert done.err.startswith("invalid_input file: ")


def test_the_private_key_is_in_no_output(assay, tmp_path):
    done = assay("keys", "new", "key")
    secret = (tmp_path / "key").read_text().splitlines()[1]
    assert secret not in done.out + done.err
    assert "PRIVATE KEY" not in done.out + done.err
