import io
import json

import pytest

from sandbox.container.frames import content, frames
from sandbox.errors import ImageRefused, PlatformFault


def _frame(path="/a", data=b"xy", **changes):
    head = {"path": path, "size": len(data), "executable": False, **changes}
    return json.dumps(head).encode() + b"\n" + data


def _end(count):
    return json.dumps({"frames": count}).encode() + b"\n"


def _read(said):
    stream = io.BytesIO(said)
    return [(one.path, content(stream, one)) for one in list(frames(stream, len(said)))]


def test_whole_frames():
    said = _frame() + _frame("/b", b"") + _frame("/c", b'{"frames": 0}\n') + _end(3)
    assert _read(said) == [("/a", b"xy"), ("/b", b""), ("/c", b'{"frames": 0}\n')]
    assert _read(_end(0)) == []


@pytest.mark.parametrize(
    "said",
    [
        b"",
        _frame(),  # cut off between two frames
        (_frame() + _end(1))[:-1],
        _frame() + _end(2),
        _frame() + _end(True),
        _frame() + _end(1) + b"more",
        _frame(size=3) + _end(1),
        _frame(size=10**12) + _end(1),
        _frame(size=-1) + _end(1),
        _frame(size=True) + _end(1),
        _frame(size=2.0) + _end(1),
        _frame(path=7) + _end(1),
        _frame(executable=1) + _end(1),
        _frame(more=1) + _end(1),
        b"[" * 5000 + b"\n",
        b'"words"\n',
        b"x" * 10_000 + b"\n",
        b'{"refused": "canary"}\n',
        b'{"refused": ["pip"]}\n',
        _frame() + b'{"refused": "pip"}\n',
    ],
    ids=range(20),
)
def test_anything_else_is_invalid(said):
    with pytest.raises(PlatformFault) as caught:
        _read(said)
    assert caught.value.code == "frames_invalid"
    assert "canary" not in str(caught.value)


def test_a_refusal_is_said_in_our_words():
    with pytest.raises(ImageRefused, match="pip refused"):
        _read(b'{"refused": "pip"}\n')
    with pytest.raises(ImageRefused, match="already in the image"):
        _read(b'{"refused": "there"}\n')
