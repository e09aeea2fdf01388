"""`assay launcher`: what is missing is said in a sentence, and nothing is made."""

import pytest


@pytest.fixture
def socket(tmp_path, monkeypatch):
    path = tmp_path / "door" / "launcher.sock"
    monkeypatch.setenv("ASSAY_LAUNCHER", str(path))
    return path


def test_without_a_socket(assay):
    done = assay("launcher")
    assert done.status == 2
    assert "ASSAY_LAUNCHER" in done.err


def test_without_a_data_folder(assay, socket):
    done = assay("launcher")
    assert done.status == 1
    assert "assay db upgrade" in done.err
    assert not socket.parent.exists()


def test_for_a_user_that_is_none(assay, socket):
    done = assay("launcher", "--user", "no-such-user-here")
    assert done.status == 2
    assert "no such user" in done.err


@pytest.mark.parametrize("value", ["launcher.sock", "/" + "x" * 110])
def test_a_path_that_is_no_socket_is_refused_at_start(assay, monkeypatch, value):
    monkeypatch.setenv("ASSAY_LAUNCHER", value)
    done = assay("launcher")
    assert done.status == 2
    assert "ASSAY_LAUNCHER" in done.err
