import pytest

from sandbox.gateway.chat import ChatRequest
from sandbox.gateway.grant import GrantInvalid
from sandbox.gateway.parameters import KINDS, compile_rules
from sandbox.spec import Exact, Range


def rule(name, agreed):
    return compile_rules({name: agreed})[0]


@pytest.mark.parametrize(
    ("name", "agreed", "given", "in_force"),
    [
        ("temperature", Exact("0.7"), None, 0.7),
        ("temperature", Exact("0.7"), 0.7, 0.7),
        ("temperature", Exact("0.7"), 0.70001, None),
        ("temperature", Exact("0"), 0.0, 0),
        ("temperature", Exact(0), 0, 0),
        ("temperature", Range("0", "1.5", "1"), None, 1),
        ("temperature", Range("0", "1.5", "1"), 1.5, 1.5),
        ("temperature", Range("0", "1.5", "1"), -0.01, None),
        ("max_tokens", Exact(16), 17, None),
        ("seed", Range("0", "9", "3"), 9, 9),
        ("stop", Exact(("a", "b")), ["a", "b"], ["a", "b"]),
        ("stop", Exact(("a", "b")), ["b", "a"], None),
        ("stop", Exact("a"), "a", ["a"]),
        ("logprobs", Exact(1), True, True),
        ("logprobs", Exact(0), True, None),
        ("reasoning_effort", Exact("low"), None, "low"),
        ("reasoning_effort", Exact("low"), "high", None),
    ],
)
def test_the_agreed_value_is_put_in_and_another_one_refused(name, agreed, given, in_force):
    assert rule(name, agreed).settle(given) == in_force


@pytest.mark.parametrize(
    ("name", "agreed"),
    [
        ("tools", Exact("x")),
        ("temperature", Exact("hot")),
        ("temperature", Exact(("0",))),
        ("temperature", Exact("1e400")),
        ("temperature", Range("0", "1", "2")),
        ("temperature", Range("1", "0", "1")),
        ("max_tokens", Exact(0)),
        ("max_tokens", Exact("1.0")),
        ("n", Range("0", "4", "1")),
        ("stop", Exact(3)),
        ("stop", Range("0", "1", "0")),
        ("logprobs", Exact(2)),
        ("reasoning_effort", Exact(1)),
    ],
)
def test_what_cannot_be_enforced_is_refused_at_the_start(name, agreed):
    with pytest.raises(GrantInvalid) as caught:
        rule(name, agreed)
    assert caught.value.code == "parameter"


def test_every_parameter_is_a_field_of_the_request():
    assert set(KINDS) <= set(ChatRequest.__struct_fields__)
