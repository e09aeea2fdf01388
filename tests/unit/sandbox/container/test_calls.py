"""The launcher's protocol: what is not exactly a call is none."""

import json

import pytest

from evals import wire
from sandbox.container import calls
from sandbox.container.calls import Call
from sandbox.errors import ControlMissing, EngineUnavailable, ImageRefused, PlatformFault

RUN = "0123456789abcdef"
GOOD = {"call": "create", "run": RUN, "attempt": 1, "phase": "joined"}


def line(value) -> bytes:
    return json.dumps(value).encode() + b"\n"


@pytest.mark.parametrize("name", sorted(calls.OF_A_RUN))
@pytest.mark.parametrize("phase", wire.PHASES)
def test_a_call_of_a_run_comes_back(name, phase):
    call = Call(name, RUN, 3, phase)
    assert calls.parse(calls.encode(call)) == call
    assert len(calls.encode(call)) < calls.LONGEST_CALL / 2


@pytest.mark.parametrize("name", sorted(calls.OF_NO_RUN))
def test_a_call_of_no_run_comes_back(name):
    assert calls.parse(calls.encode(Call(name))) == Call(name)


BAD = {
    "nothing": b"",
    "no end": line(GOOD)[:-1],
    "half": line(GOOD)[:30] + b"\n",
    "two": line(GOOD) * 2,
    "two in one": line(GOOD)[:-1] + line(GOOD),
    "too long": b" " * calls.LONGEST_CALL + line(GOOD),
    "not JSON": b"create\n",
    "not ASCII": '{"call": "versioñ"}\n'.encode(),
    "not UTF-8": b"\xff\xfe\n",
    "deep": b"[" * 200 + b"\n",
    "list": line([GOOD]),
    "number": line(1),
    "doubled": b'{"call":"version","call":"list"}\n',
    "unknown": line({"call": "exec"}),
    "no name": line({"run": RUN}),
    "name of another kind": line({"call": ["create"]}),
    "more than a name": line({"call": "version", "run": RUN}),
    "without run": line({"call": "create"}),
    **{f"without {name}": line({k: v for k, v in GOOD.items() if k != name}) for name in GOOD},
    **{
        f"with {name}": line(GOOD | {name: "sha256:" + "0" * 64})
        for name in ("image", "command", "mounts", "limits", "owner", "uid", "")
    },
    **{
        f"run {run!r:.40}": line(GOOD | {"run": run})
        for run in ("", "../" + RUN, "a/b", "a\0b", "a b", "A" * 16, "a" * 33, "tool-1", 1, None)
    },
    **{
        f"attempt {attempt!r}": line(GOOD | {"attempt": attempt})
        for attempt in (0, -1, 1.0, True, "1", None, 10**9, [1])
    },
    **{
        f"phase {phase!r}": line(GOOD | {"phase": phase})
        for phase in ("", "Joined", "score/..", None, 1, ["score"])
    },
}


@pytest.mark.parametrize("what", BAD)
def test_anything_else_is_refused_with_a_constant(what):
    with pytest.raises(PlatformFault) as caught:
        calls.parse(BAD[what])
    assert (caught.value.code, str(caught.value)) == ("bad_call", "bad_call")
    assert calls.parse(line(GOOD)).run == RUN


@pytest.mark.parametrize("fault", [PlatformFault, EngineUnavailable, ControlMissing])
def test_a_fault_keeps_its_kind_and_code_and_loses_its_words(fault):
    said = calls.refusal(fault("some_code", "words about /etc/passwd"))
    assert b"passwd" not in said
    with pytest.raises(fault) as caught:
        calls.read_answer(said)
    assert caught.value.code == str(caught.value) == "some_code"
    assert type(caught.value) is fault


def test_a_refused_image_says_where_the_reasons_are():
    said = calls.refusal(ImageRefused(("Config.Env: LD_PRELOAD=/evil.so",), "image_outdated"))
    assert b"evil" not in said
    with pytest.raises(ImageRefused, match="its log says why") as refused:
        calls.read_answer(said)
    assert refused.value.code == "image_outdated"


def test_a_code_that_is_no_code_does_not_leave():
    assert b"refused" in calls.refusal(PlatformFault("Ungültig!"))


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"{}\n",
        b"null\n",
        b'{"ok":1}\n',
        b'{"ok":{},"code":"x"}\n',
        b'{"fault":"platform"}\n',
        b'{"fault":"platform","code":"A B"}\n',
        b'{"fault":"unheard_of","code":"x"}\n',
        b'{"fault":["engine"],"code":"x"}\n',
        b'{"ok":{}}',
        b'{"ok":{"x":"' + b"x" * calls.LONGEST_ANSWER + b'"}}\n',
    ],
)
def test_an_answer_that_is_none_is_a_fault(said):
    with pytest.raises(PlatformFault) as caught:
        calls.read_answer(said)
    assert caught.value.code == "bad_answer"
