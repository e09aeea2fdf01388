import copy

import pytest

from sandbox.container.admission import only_outdated, problems

_GOOD = {
    "Os": "linux",
    "Architecture": "amd64",
    "RootFS": {"Type": "layers", "Layers": ["sha256:1"]},
    "Config": {
        "Env": ["PATH=/usr/bin:/bin"],
        "Labels": {"org.assay.source": "sha256:0", "org.assay.wire": "2"},
        "Volumes": None,
        "Entrypoint": [],
        "Cmd": ["python3"],
    },
}


def _with(field, value):
    shown = copy.deepcopy(_GOOD)
    shown["Config"][field] = value
    return shown


def _labelled(**more):
    names = {f"org.assay.{name}": value for name, value in more.items()}
    return _with("Labels", {"org.assay.source": "x", "org.assay.wire": "2", **names})


def test_an_image_of_files_only_is_admitted():
    assert problems(_GOOD) == ()
    assert problems(_with("Env", None)) == ()


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("Volumes", {"/data": {}}, "Config.Volumes: is set; a volume is writable disk of the host"),
        (
            "Healthcheck",
            {"Test": ["CMD", "x"]},
            "Config.Healthcheck: is set; the engine would start it inside every run",
        ),
        (
            "OnBuild",
            ["RUN x"],
            "Config.OnBuild: is set; it acts in images that are built on this one",
        ),
        ("ExposedPorts", {"80/tcp": {}}, "Config.ExposedPorts: is set; a run has no network"),
        (
            "Entrypoint",
            ["/init"],
            "Config.Entrypoint: is set; the launcher is the first process",
        ),
        (
            "Env",
            ["PATH=/bin", "PYTHONPATH=/evil"],
            "Config.Env[1]: sets the variable PYTHONPATH, which reaches every process",
        ),
        (
            "Labels",
            {"org.assay.wire": "2"},
            "Config.Labels: the label org.assay.source is missing",
        ),
    ],
)
def test_what_else_an_image_brings_is_named_by_its_field(field, value, said):
    assert problems(_with(field, value)) == (said,)


def test_each_variable_is_named():
    assert problems(_with("Env", ["LD_PRELOAD=/evil.so", "TZ=UTC", "A=1"])) == (
        "Config.Env[0]: sets the variable LD_PRELOAD, which reaches every process",
        "Config.Env[2]: sets the variable A, which reaches every process",
    )


def test_labels_of_runs_are_reserved():
    assert problems(_labelled(owner="o", run="r")) == (
        "Config.Labels: the label org.assay.run is reserved for containers",
        "Config.Labels: the label org.assay.owner is reserved for containers",
    )


def test_labels_that_tell_the_contents_are_read_or_refused():
    hexed = "ab" * 32
    assert problems(_labelled(packages='{"libc6": "2.36-9+deb12u10", "a1": "1:2~3"}')) == ()
    assert problems(_labelled(wheels=f'{{"numpy": "2.4.6 {hexed}"}}', flavour="inspect")) == ()
    packages = (
        "Config.Labels: the label org.assay.packages is no list of Debian packages and versions"
    )
    for text in ("", "[", "[]", "7", '{"libc6": 1}', '{"LIBC": "1"}', '{"libc6": "1 2"}'):
        assert problems(_labelled(packages=text)) == (packages,)
    wheels = "Config.Labels: the label org.assay.wheels is no list of wheels, versions and hashes"
    for locked in ("2.4.6", f"2.4.6 {hexed[1:]}", f"2.4.6\\u0000 {hexed}", f" {hexed}"):
        assert problems(_labelled(wheels=f'{{"numpy": "{locked}"}}')) == (wheels,)
    assert problems(_labelled(wheels="{" * 100_000)) == (wheels,)
    assert problems(_labelled(flavour="vanilla")) == (
        "Config.Labels: the label org.assay.flavour is none of base, inspect, lm-eval",
    )


def test_every_reason_is_named_at_once():
    hostile = {
        "Os": "windows",
        "Architecture": "arm64",
        "Config": {
            "Volumes": {"/d": {}},
            "Healthcheck": {"Test": ["NONE"]},
            "OnBuild": ["RUN x"],
            "ExposedPorts": {"80/tcp": {}},
            "Entrypoint": ["/x"],
            "Env": ["A=1", "B=2"],
            "Labels": {"org.assay.owner": "o", "org.assay.flavour": "x"},
        },
    }
    assert [reason.partition(":")[0] for reason in problems(hostile)] == [
        "Config.Volumes",
        "Config.Healthcheck",
        "Config.OnBuild",
        "Config.ExposedPorts",
        "Config.Entrypoint",
        "Config.Env[0]",
        "Config.Env[1]",
        "Config.Labels",
        "Config.Labels",
        "Config.Labels",
        "Config.Labels",
        "RootFS.Layers",
        "Os",
        "Architecture",
    ]


@pytest.mark.parametrize("version", ["1", "3", "", "two", None])
def test_an_image_of_another_wire_is_told_what_helps(version):
    carried = {"org.assay.source": "x", "org.assay.wire": version}
    found = problems(_with("Labels", {k: v for k, v in carried.items() if v is not None}))
    assert only_outdated(found)
    assert "`assay images build`" in found[0]
    assert not only_outdated((*found, "Os: is not linux"))
    assert not only_outdated(())


def test_a_flood_of_reasons_is_cut():
    found = problems(_with("Env", [f"V{number}=1" for number in range(1000)]))
    assert len(found) == 41
    assert found[-1] == "and 960 reasons more"


def test_an_absent_image():
    assert problems(None) == ("no such image on this engine",)


# A variable's name is told where it is one. Neither its value nor anybody's sentence is.
def test_the_images_own_words_are_not_repeated():
    said = str(
        problems(_with("Env", ["A=canary", "the canary=1", "canary" * 20 + "=1", "\x1bc=1"]))
    )
    assert "canary" not in said
    assert "\x1b" not in said
    assert "Config.Env[3]: sets the variable, which" in said
    carried = {"packages": '{"canary canary": "1"}', "flavour": "canary", "wheels": "canary"}
    assert "canary" not in str(problems(_labelled(**carried)))
