import zipfile

import pytest

from sandbox.container import layout, locks, wheels
from tests.support.wheelwright import lock_of, wheel


def _choose(folder, *paths, **options):
    return wheels.choose(locks.read(lock_of(*paths)).pins, folder, **options)


@pytest.mark.parametrize(
    "tag",
    [
        "py3-none-any",
        "py2.py3-none-any",
        "py311-none-any",
        "py38-none-any",
        "cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64",
        "cp311-cp311-manylinux_2_36_x86_64",
        "cp311-none-linux_x86_64",
        "cp36-abi3-manylinux2010_x86_64",
        "py3-none-manylinux_2_28_x86_64",
        "cp310.cp311-cp310.cp311-manylinux1_x86_64",
    ],
)
def test_wheels_for_the_images_python(tag):
    assert wheels.fits(f"name-1.0-{tag}.whl")


@pytest.mark.parametrize(
    "name",
    [
        "name-1.0-cp312-cp312-manylinux_2_17_x86_64.whl",
        "name-1.0-cp310-cp310-manylinux_2_17_x86_64.whl",
        "name-1.0-cp312-abi3-manylinux_2_17_x86_64.whl",
        "name-1.0-py312-none-any.whl",
        "name-1.0-py2-none-any.whl",
        "name-1.0-cp311-cp311-manylinux_2_37_x86_64.whl",
        "name-1.0-cp311-cp311-manylinux_2_17_aarch64.whl",
        "name-1.0-cp311-cp311-musllinux_1_2_x86_64.whl",
        "name-1.0-cp311-cp311-win_amd64.whl",
        "name-1.0-cp311-cp311-macosx_11_0_x86_64.whl",
        "name-1.0-pp311-pypy311_pp73-manylinux_2_17_x86_64.whl",
        "name-1.0-cp311-cp311t-manylinux_2_17_x86_64.whl",
        "name-1.0.tar.gz",
        "../name-1.0-py3-none-any.whl",
        "name.whl",
    ],
)
def test_wheels_for_another(name):
    assert not wheels.fits(name)


def test_the_platforms_asked_for_are_those_that_fit():
    assert wheels.platforms()[0] == "manylinux_2_36_x86_64"
    for platform in wheels.platforms():
        assert wheels.fits(f"name-1.0-cp311-cp311-{platform}.whl"), platform


def test_a_lock_and_its_wheels(tmp_path):
    one = wheel(tmp_path, "one", {"one/__init__.py": b"", "one/data.bin": bytes(100)})
    two = wheel(
        tmp_path,
        "two_words",
        {"two.py": b"", "two_words-1.0.data/scripts/two": b"#!python\n"},
    )
    chosen = _choose(tmp_path, one, two)
    assert chosen.problems == ()
    assert [each.pin.name for each in chosen.wheels] == ["one", "two-words"]
    assert f"{layout.PACKAGES}/one/data.bin" in chosen.wheels[0].places
    assert "usr/local/bin/two" in chosen.wheels[1].places
    assert chosen.wheels[0].unpacked > 100
    assert wheels.recorded(chosen.wheels)["one"] == f"1.0 {chosen.wheels[0].sha256}"


def test_every_reason_is_named_at_once(tmp_path):
    fine = wheel(tmp_path, "fine", {"fine.py": b""})
    absent = wheel(tmp_path / "elsewhere", "absent", {"absent.py": b""})
    built = wheel(tmp_path / "elsewhere", "built", {"built.py": b""})
    changed = wheel(tmp_path, "changed", {"changed.py": b""})
    foreign = wheel(tmp_path, "foreign", {"f.py": b""}, tag="cp312-cp312-win_amd64")
    hooks = wheel(tmp_path, "hooks", {"hooks.pth": b"import hooks\n", "evals/wire.py": b""})
    clash = wheel(tmp_path, "clash", {"fine.py": b"other"})
    lock = lock_of(fine, absent, built, changed, foreign, hooks, clash)
    changed.write_bytes(changed.read_bytes() + b"x")
    wheel(tmp_path, "extra", {"extra.py": b""})
    (tmp_path / "built-1.0.tar.gz").touch()
    (tmp_path / "notes.txt").touch()
    for path in (tmp_path / "elsewhere").iterdir():
        path.unlink()
    (tmp_path / "elsewhere").rmdir()
    assert sorted(wheels.choose(locks.read(lock).pins, tmp_path).problems) == [
        "absent: no wheel of version 1.0",
        "built: only a source archive is there; a wheel is needed",
        "changed: its wheel has another SHA-256 than the lock says",
        "fine: installs a file that clash installs too",
        "foreign: its wheel is not for Python 3.11 on Linux x86-64 (glibc 2.36)",
        "hooks: a .pth file, which Python runs at every start",
        "hooks: the module evals is ours",
        "wheels: a file that is no wheel",
        "wheels: built-1.0.tar.gz is a source archive, not a wheel",
        "wheels: extra-1.0-py3-none-any.whl is not in the lock",
    ]


@pytest.mark.parametrize(
    ("member", "said"),
    [
        ("../../../../../bin/python3", "odd: a file's name is no plain relative path"),
        ("/etc/passwd", "odd: a file's name is no plain relative path"),
        ("odd-1.0.data/data/lib/python3.11/os.py", "odd: a file outside the folders of packages"),
        (
            "odd-1.0.data/data/lib/python3.11/dist-packages/x.pth",
            "odd: a .pth file, which Python runs at every start",
        ),
        ("odd-1.0.data/purelib/json.py", "odd: the module json belongs to Python itself"),
        (".wh.numpy", "odd: a file whose name would remove others from the image"),
    ],
)
def test_what_a_wheel_would_put_elsewhere(tmp_path, member, said):
    odd = wheel(tmp_path, "odd", {"odd.py": b""}, also={member: b"x"})
    assert _choose(tmp_path, odd).problems == (said,)


def test_a_wheel_that_is_none(tmp_path):
    broken = wheel(tmp_path, "broken", {"b.py": b""})
    broken.write_bytes(b"PK not really")
    assert _choose(tmp_path, broken).problems == (
        "broken: its wheel cannot be read as a zip archive",
    )


def test_a_file_twice_in_a_wheel(tmp_path):
    path = wheel(tmp_path, "twice", {"t.py": b"1"})
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("t.py", b"2")
    assert _choose(tmp_path, path).problems == ("twice: its wheel holds a file twice",)


def test_caps_are_named(tmp_path, monkeypatch):
    path = wheel(tmp_path, "large", {f"large/{n}.py": b"x" * 50 for n in range(20)})
    monkeypatch.setattr(wheels, "MOST_FILES", 10)
    monkeypatch.setattr(wheels, "MOST_UNPACKED", 100)
    assert _choose(tmp_path, path).problems == (
        "wheels: larger than 100 bytes when unpacked",
        "wheels: more than 10 files",
    )
    monkeypatch.setattr(wheels, "MOST_BYTES", 100)
    assert _choose(tmp_path, path).problems == ("large: its wheel is larger than 100 bytes",)


def test_what_others_keep_in_the_folder(tmp_path):
    one = wheel(tmp_path, "one", {"one.py": b""})
    wheel(tmp_path, "numpy", {"numpy.py": b""})
    said = ("wheels: numpy-1.0-py3-none-any.whl is not in the lock",)
    assert _choose(tmp_path, one).problems == said
    assert _choose(tmp_path, one, ignored={"numpy"}).problems == ()
    assert _choose(tmp_path, one, others=True).problems == ()


def test_batches_hold_every_wheel_once(tmp_path):
    paths = [wheel(tmp_path, f"p{n}", {f"p{n}.bin": bytes(1000 * n)}) for n in range(6)]
    chosen = _choose(tmp_path, *paths).wheels
    groups = list(wheels.batches(chosen, 6000))
    assert [one for group in groups for one in group] == list(chosen)
    assert len(groups) > 1
    for group in groups:
        assert len(group) == 1 or sum(one.unpacked for one in group) <= 6000
