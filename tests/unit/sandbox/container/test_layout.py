import pytest

from sandbox.container import layout

_PACKAGES = layout.PACKAGES


@pytest.mark.parametrize(
    "place",
    [
        f"{_PACKAGES}/six.py",
        f"{_PACKAGES}/numpy/typing/__init__.py",
        f"{_PACKAGES}/numpy.libs/libgfortran.so.5",
        f"{_PACKAGES}/typing_extensions.py",
        f"{_PACKAGES}/pkg/data.pth",
        f"{_PACKAGES}/pkg/evals/x.py",
        f"{_PACKAGES}/pkg/naïve file.txt",
        f"{_PACKAGES}/COPYING",
        "usr/local/bin/inspect",
        "usr/local/share/man/man1/tool.1",
    ],
)
def test_what_packages_bring(place):
    assert layout.problem(place) is None


@pytest.mark.parametrize(
    ("place", "said"),
    [
        *(
            (place, "a file's name is no plain relative path")
            for place in (
                "",
                "/usr/local/bin/x",
                f"{_PACKAGES}/../../../../bin/python3",
                f"{_PACKAGES}//x.py",
                f"{_PACKAGES}/./x.py",
                f"{_PACKAGES}/a\\b.py",
                f"{_PACKAGES}/a\nb.py",
                f"{_PACKAGES}/a\0b.py",
                f"{_PACKAGES}/\udcff.py",
                f"{_PACKAGES}/{'n' * 256}",
                f"{_PACKAGES}/{'n/' * 600}x",
            )
        ),
        *(
            (place, "a file outside the folders of packages")
            for place in (
                "opt/assay/evals/runner.py",
                "usr/bin/python3",
                "usr/lib/python3.11/os.py",
                "usr/local/lib/python3.11/os.py",
                "usr/local/x",
                _PACKAGES,
            )
        ),
        (f"{_PACKAGES}/.wh.numpy", "a file whose name would remove others from the image"),
        (f"{_PACKAGES}/a/.wh..wh..opq", "a file whose name would remove others from the image"),
        (f"{_PACKAGES}/evil.pth", "a .pth file, which Python runs at every start"),
        (f"{_PACKAGES}/sitecustomize.py", "sitecustomize, which Python runs at every start"),
        (f"{_PACKAGES}/usercustomize/x.py", "usercustomize, which Python runs at every start"),
        (f"{_PACKAGES}/evals/__init__.py", "the module evals is ours"),
        (f"{_PACKAGES}/json/__init__.py", "the module json belongs to Python itself"),
        (f"{_PACKAGES}/socket.py", "the module socket belongs to Python itself"),
        (f"{_PACKAGES}/_ctypes.cpython-311.so", "the module _ctypes belongs to Python itself"),
    ],
)
def test_what_must_not_lie_there(place, said):
    assert layout.problem(place) == said


def test_every_reason_once():
    places = [f"{_PACKAGES}/a.pth", f"{_PACKAGES}/b.pth", f"{_PACKAGES}/c.py", "etc/passwd"]
    assert layout.problems(places) == (
        "a .pth file, which Python runs at every start",
        "a file outside the folders of packages",
    )
