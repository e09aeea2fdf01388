"""What each route is about, written out once: an act on a kind of object, in the words of `can`.

A route that is not here fails the walk. What follows for each role is not written anywhere: it is
asked of `access.can`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from harness.services.access import Actor, Thing
from tests.support import world as worlds
from tests.support.crawl import Route
from tests.support.programs import STRANGER

# The parties of every object of the walk, as their two sides.
OWN = {"auditor": worlds.AUDITOR, "vendor": worlds.VENDOR}
Body = dict[str, Any]


@dataclass(frozen=True)
class Rule:
    """An act on an object; `thing` names the object as it stands to whoever asks.

    `new` says that the act makes something: there is nothing yet that could be kept secret.
    """

    action: str
    thing: Callable[[Actor], Thing]
    new: bool = False
    body: Callable[["Names"], Body] | None = None
    # Who names somebody else's object on the way, which is not there for them.
    lost: frozenset[str] = frozenset()


Names = dict[str, str]
PUBLIC = "for everybody"
SIGNED_IN = "for whoever is signed in; shows what is their own"


def about(action: str, kind: str, body: Callable[[Names], Body] | None = None) -> Rule:
    """An act on an object of the example university and the example vendor."""
    thing = Thing(kind, **OWN) if kind != "token" else Thing(kind, owner=worlds.AUDITOR)
    return Rule(action, lambda _: thing, body=body)


def making(action: str, kind: str, body: Callable[[Names], Body]) -> Rule:
    """An act that makes an object of the actor's own."""

    def own(actor: Actor) -> Thing:
        name = actor.organisation
        return Thing(kind, auditor=name, vendor=name, owner=name)

    return Rule(action, own, new=True, body=body)


def seeing(kind: str) -> Rule:
    """Looking at all objects of a kind, for the roles that may see any."""
    return Rule("read", lambda _: Thing(kind), new=True)


API: dict[Route, Rule | str] = {
    Route("GET", "/api/v1"): PUBLIC,
    Route("GET", "/api/v1/openapi.json"): PUBLIC,
    Route("GET", "/api/v1/log/checkpoint"): PUBLIC,
    Route("GET", "/api/v1/log/entries"): PUBLIC,
    Route("GET", "/api/v1/log/statements/{digest}"): PUBLIC,
    Route("GET", "/api/v1/log/proof/{index}"): PUBLIC,
    Route("POST", "/api/v1/sign-in"): PUBLIC,
    Route("GET", "/api/v1/me"): SIGNED_IN,
    Route("GET", "/api/v1/suites"): SIGNED_IN,
    Route("GET", "/api/v1/models"): SIGNED_IN,
    Route("GET", "/api/v1/drafts"): SIGNED_IN,
    Route("GET", "/api/v1/protocols"): SIGNED_IN,
    Route("GET", "/api/v1/runs"): SIGNED_IN,
    Route("GET", "/api/v1/reports"): SIGNED_IN,
    Route("GET", "/api/v1/tokens"): SIGNED_IN,
    Route("POST", "/api/v1/suites"): making(
        "submit", "suite", lambda _: {"files": {"archive": b"x", "envelope": b"y"}}
    ),
    Route("GET", "/api/v1/suites/{digest}"): about("read", "suite"),
    Route("GET", "/api/v1/models/{name}"): about("read", "model"),
    Route("GET", "/api/v1/models/{name}/ledger"): Rule(
        # An auditor is shown its own ledgers of whatever model.
        "read",
        lambda actor: Thing("ledger", auditor=actor.organisation, vendor=worlds.VENDOR),
    ),
    Route("POST", "/api/v1/models"): making(
        "add",
        "model",
        lambda _: {
            "json": {
                "name": "another",
                "base_url": "https://vendor.example/v1",
                "upstream": "u",
                "snapshot": "s",
                "credential": "c",
            }
        },
    ),
    Route("POST", "/api/v1/drafts"): Rule(
        "propose",
        lambda actor: Thing("protocol", auditor=actor.organisation),
        new=True,
        body=lambda names: {"json": {"suite": names["suite"], "model": names["name"]}},
        lost=frozenset({STRANGER}),
    ),
    Route("GET", "/api/v1/drafts/{draft_id}"): about("read", "draft"),
    Route("GET", "/api/v1/drafts/{draft_id}/document"): about("read", "draft"),
    Route("POST", "/api/v1/protocols"): Rule(
        "propose",
        # The bytes that are sent name their auditor.
        lambda _: Thing("protocol", **OWN),
        new=True,
        body=lambda names: {
            "json": {"document": names["document"], "proposal": "eA==", "approval": "eA=="}
        },
    ),
    Route("GET", "/api/v1/protocols/{protocol_id}"): about("read", "protocol"),
    Route("GET", "/api/v1/protocols/{protocol_id}/document"): about("read", "protocol"),
    Route("POST", "/api/v1/protocols/{protocol_id}/signatures"): about(
        "sign", "protocol", lambda names: {"json": {"envelope": names["envelope"]}}
    ),
    Route("POST", "/api/v1/protocols/{protocol_id}/runs"): Rule(
        "start", lambda _: Thing("run", **OWN), body=lambda _: {}
    ),
    Route("GET", "/api/v1/runs/{run_id}"): about("read", "run"),
    Route("POST", "/api/v1/runs/{run_id}/stop"): about("stop", "run", lambda _: {}),
    Route("GET", "/api/v1/reports/{run_id}"): about("read", "report"),
    Route("GET", "/api/v1/reports/{run_id}/bundle"): about("read", "report"),
    Route("POST", "/api/v1/tokens"): making(
        "add", "token", lambda _: {"json": {"name": "t", "scopes": ["read"], "days": 1}}
    ),
    Route("DELETE", "/api/v1/tokens/{token_id}"): about("revoke", "token", lambda _: {}),
    Route("GET", "/api/v1/organisations"): seeing("organisation"),
    Route("POST", "/api/v1/organisations"): making(
        "add", "organisation", lambda _: {"json": {"name": "new-regulator", "role": "regulator"}}
    ),
    Route("GET", "/api/v1/people"): seeing("person"),
    Route("POST", "/api/v1/people"): making(
        "add",
        "person",
        lambda _: {"json": {"login": "new", "name": "New", "organisation": worlds.VENDOR}},
    ),
    Route("POST", "/api/v1/people/{login}/links"): Rule(
        "add", lambda _: Thing("person"), new=True, body=lambda _: {}
    ),
    Route("GET", "/api/v1/operator/health"): seeing("platform"),
}
