import copy

import pytest

from sandbox.container.admission import problems

_GOOD = {
    "Os": "linux",
    "Architecture": "amd64",
    "Config": {
        "Env": ["PATH=/usr/bin:/bin"],
        "Labels": {"org.assay.source": "sha256:0"},
        "Volumes": None,
        "Entrypoint": [],
        "Cmd": ["python3"],
    },
}


def _with(field, value):
    shown = copy.deepcopy(_GOOD)
    shown["Config"][field] = value
    return shown


def test_an_image_of_files_only_is_admitted():
    assert problems(_GOOD) == ()
    assert problems(_with("Env", None)) == ()


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("Volumes", {"/data": {}}, "Volumes is set"),
        ("Healthcheck", {"Test": ["CMD", "x"]}, "Healthcheck is set"),
        ("OnBuild", ["RUN x"], "OnBuild is set"),
        ("ExposedPorts", {"80/tcp": {}}, "ExposedPorts is set"),
        ("Entrypoint", ["/init"], "Entrypoint is set"),
        ("Env", ["LD_PRELOAD=/evil.so"], "Env sets a variable that is not allowed"),
        ("Env", ["PATH=/bin", "PYTHONPATH=/evil"], "Env sets a variable that is not allowed"),
        ("Labels", {}, "label org.assay.source is missing"),
    ],
)
def test_what_else_an_image_brings_is_named(field, value, said):
    assert problems(_with(field, value)) == (said,)


def test_labels_of_runs_are_reserved():
    carried = {"org.assay.source": "x", "org.assay.owner": "o", "org.assay.run": "r"}
    assert problems(_with("Labels", carried)) == (
        "label org.assay.run is reserved",
        "label org.assay.owner is reserved",
    )


def test_every_reason_is_named_at_once():
    assert len(problems({"Os": "windows", "Config": {"Volumes": {"/d": {}}, "Env": ["A=1"]}})) == 4


def test_an_absent_image():
    assert problems(None) == ("no such image on this engine",)


def test_the_guests_text_is_not_repeated():
    assert "evil" not in str(problems(_with("Env", ["EVIL=evil"])))
