"""Who may: every action, kind and role, on own and foreign objects. What is not here is denied."""

from itertools import product

import pytest

from harness.errors import NotAllowed, NotFound
from harness.services.access import _TABLE, Actor, Thing, can, check, narrowed, reach

ROLES = ("auditor", "vendor", "operator", "regulator", "public", "")
ACTIONS = (
    *("add", "submit", "read", "inspect", "propose", "sign", "start", "observe", "stop"),
    *("revoke", "delete", ""),
)
KINDS = (
    *("organisation", "person", "token", "model", "suite", "draft", "protocol", "run", "report"),
    *("log", "ledger", "platform", "key", ""),
)
PARTIES = ("auditor", "vendor", "operator", "regulator")
OWN, FOREIGN = "own", "foreign"
ANY = (OWN, FOREIGN)

# Written out a second time, by hand: a change of the table must be made twice.
ALLOWED = {
    **{(role, "read", "log"): ANY for role in (*PARTIES, "public")},
    **{(role, "read", "model"): ANY for role in PARTIES},
    **{(role, act, "token"): (OWN,) for role in PARTIES for act in ("add", "read", "revoke")},
    ("operator", "read", "organisation"): ANY,
    ("regulator", "read", "organisation"): ANY,
    ("operator", "add", "person"): ANY,
    ("operator", "read", "person"): ANY,
    ("operator", "read", "platform"): ANY,
    ("vendor", "inspect", "model"): (OWN,),
    ("operator", "inspect", "model"): ANY,
    ("auditor", "read", "draft"): (OWN,),
    ("auditor", "read", "ledger"): (OWN,),
    ("vendor", "read", "ledger"): (OWN,),
    ("operator", "read", "ledger"): ANY,
    ("operator", "add", "organisation"): ANY,
    ("vendor", "add", "model"): (OWN,),
    ("auditor", "submit", "suite"): (OWN,),
    ("auditor", "read", "suite"): (OWN,),
    ("operator", "read", "suite"): ANY,
    ("auditor", "propose", "protocol"): (OWN,),
    ("auditor", "read", "protocol"): (OWN,),
    ("vendor", "read", "protocol"): (OWN,),
    ("operator", "read", "protocol"): ANY,
    ("regulator", "read", "protocol"): ANY,
    ("vendor", "sign", "protocol"): (OWN,),
    ("auditor", "start", "run"): (OWN,),
    ("auditor", "read", "run"): (OWN,),
    ("vendor", "read", "run"): (OWN,),
    ("operator", "read", "run"): ANY,
    ("regulator", "read", "run"): ANY,
    ("vendor", "observe", "run"): (OWN,),
    ("operator", "observe", "run"): ANY,
    ("auditor", "stop", "run"): (OWN,),
    ("vendor", "stop", "run"): (OWN,),
    ("operator", "stop", "run"): ANY,
    ("auditor", "read", "report"): (OWN,),
    ("vendor", "read", "report"): (OWN,),
    ("operator", "read", "report"): ANY,
    ("regulator", "read", "report"): ANY,
}


def thing(kind, relation, role):
    """An object that stands to `me` in the one relation which fits the role, or in none."""
    if kind == "token":
        return Thing(kind, owner="me" if relation == OWN else "them")
    mine = {"auditor": "me"} if role == "auditor" else {"vendor": "me"} if role == "vendor" else {}
    others = {"auditor": "them-1", "vendor": "them-2"}
    return Thing(kind, **(others | mine if relation == OWN else others))


@pytest.mark.parametrize("role", ROLES)
def test_truth_table(role):
    for action, kind, relation in product(ACTIONS, KINDS, (OWN, FOREIGN)):
        expected = relation in ALLOWED.get((role, action, kind), ())
        about = thing(kind, relation, role)
        assert can(Actor("me", role), action, about) is expected, (action, kind, relation)
        if expected:
            check(Actor("me", role), action, about)
        else:
            with pytest.raises(NotAllowed):
                check(Actor("me", role), action, about)


def test_the_table_holds_nothing_that_is_not_tested():
    held = {(role, *key) for key, roles in _TABLE.items() for role in roles}
    assert held == set(ALLOWED)
    assert {action for _, action, _ in held} <= set(ACTIONS)
    assert {kind for _, _, kind in held} <= set(KINDS)


@pytest.mark.parametrize("role", ["auditor", "vendor"])
def test_another_sides_object_is_foreign(role):
    # The name stands in the object, but in the other party's place.
    other = {"auditor": "vendor", "vendor": "auditor"}[role]
    assert not can(Actor("me", role), "read", Thing("run", **{other: "me"}))


@pytest.mark.parametrize("role", ["auditor", "vendor"])
def test_an_object_of_nobody_is_nobodys(role):
    assert not can(Actor("me", role), "read", Thing("run"))
    assert not can(Actor("", role), "read", Thing("run"))


def test_a_refusal_names_who_and_what():
    with pytest.raises(NotAllowed, match=r"^me \(vendor\) may not start this run$"):
        check(Actor("me", "vendor"), "start", Thing("run", vendor="me"))


@pytest.mark.parametrize(("action", "allowed"), [("read", True), ("start", False)])
def test_a_token_for_reading_changes_nothing(action, allowed):
    reader = Actor("me", "auditor", scopes=frozenset({"read"}))
    assert can(reader, action, Thing("run", auditor="me")) is allowed


def test_what_one_may_not_know_of_is_not_there():
    stranger = Actor("them", "vendor")
    with pytest.raises(NotFound, match=r"^no protocol p1$"):
        reach(stranger, "sign", Thing("protocol", auditor="a", vendor="me"), "p1")
    # Whoever may read it learns that this act is not theirs.
    with pytest.raises(NotAllowed):
        reach(Actor("a", "auditor"), "sign", Thing("protocol", auditor="a", vendor="me"), "p1")


@pytest.mark.parametrize(
    ("role", "columns"),
    [
        ("auditor", {"auditor": "me"}),
        ("vendor", {"vendor": "me"}),
        ("regulator", {}),
        ("public", None),
    ],
)
def test_a_list_is_narrowed_to_what_may_be_read(role, columns):
    assert narrowed(Actor("me", role), "run") == columns
