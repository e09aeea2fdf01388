"""The same for the pages: what each is about."""

from harness.services.access import Thing
from tests.properties.authorisation.rules import (
    OWN,
    PUBLIC,
    SIGNED_IN,
    Rule,
    about,
    making,
    seeing,
)
from tests.support.crawl import Route
from tests.support.programs import STRANGER


def _nothing(_):
    return {}


def _suite(_):
    return {"files": {"archive": b"x", "signatures": b"y"}}


def _signed(names):
    return {"files": {"signatures": names["signatures"].encode()}}


PAGES: dict[Route, Rule | str] = {
    Route("GET", "/"): PUBLIC,
    Route("GET", "/log"): PUBLIC,
    Route("GET", "/log/{index}"): PUBLIC,
    Route("GET", "/glossary"): PUBLIC,
    Route("GET", "/verify"): PUBLIC,
    Route("GET", "/sign-in"): PUBLIC,
    Route("POST", "/sign-in"): PUBLIC,
    Route("GET", "/sign-in/{secret}"): PUBLIC,
    Route("POST", "/sign-in/{secret}"): PUBLIC,
    Route("POST", "/sign-out"): PUBLIC,
    Route("GET", "/account"): SIGNED_IN,
    Route("POST", "/account/organisation"): making(
        "add", "token", lambda names: {"data": {"organisation": names["me"]}}
    ),
    Route("POST", "/account/password"): SIGNED_IN,
    Route("POST", "/account/sessions"): SIGNED_IN,
    Route("POST", "/account/tokens"): making("add", "token", _nothing),
    Route("GET", "/account/tokens/{token_id}/revoke"): about("revoke", "token"),
    Route("POST", "/account/tokens/{token_id}/revoke"): about("revoke", "token", _nothing),
    Route("GET", "/organisations"): seeing("organisation"),
    Route("GET", "/organisations/new"): making("add", "organisation", _nothing),
    Route("POST", "/organisations/new"): making("add", "organisation", _nothing),
    Route("GET", "/people"): seeing("person"),
    Route("GET", "/people/new"): making("add", "person", _nothing),
    Route("POST", "/people/new"): making("add", "person", _nothing),
    Route("GET", "/people/{login}/link"): making("add", "person", _nothing),
    Route("POST", "/people/{login}/link"): making("add", "person", _nothing),
    Route("GET", "/people/{login}/shut-out"): making("add", "person", _nothing),
    Route("POST", "/people/{login}/shut-out"): making("add", "person", _nothing),
    Route("GET", "/people/{login}/let-in"): making("add", "person", _nothing),
    Route("POST", "/people/{login}/let-in"): making("add", "person", _nothing),
    Route("GET", "/operator/health"): seeing("platform"),
    Route("GET", "/operator/selftests"): seeing("platform"),
    # A page that could never show anything is no page for that role.
    Route("GET", "/suites"): Rule(
        "read", lambda actor: Thing("suite", auditor=actor.organisation), new=True
    ),
    Route("GET", "/suites/new"): making("submit", "suite", _nothing),
    Route("POST", "/suites"): making("submit", "suite", _suite),
    Route("GET", "/suites/{digest}"): about("read", "suite"),
    Route("GET", "/suites/{digest}/samples"): about("read", "suite"),
    Route("GET", "/models"): SIGNED_IN,
    Route("GET", "/models/new"): making("add", "model", _nothing),
    Route("POST", "/models"): making("add", "model", _nothing),
    Route("GET", "/models/{name}"): about("read", "model"),
    Route("GET", "/drafts/new"): making("propose", "protocol", _nothing),
    Route("POST", "/drafts"): Rule(
        "propose",
        lambda actor: Thing("protocol", auditor=actor.organisation),
        new=True,
        body=lambda names: {"data": {"suite": names["suite"], "model": names["name"]}},
        lost=frozenset({STRANGER}),
    ),
    Route("GET", "/drafts/{draft_id}"): about("read", "draft"),
    Route("GET", "/drafts/{draft_id}/document"): about("read", "draft"),
    Route("POST", "/drafts/{draft_id}/propose"): Rule(
        "propose",
        lambda actor: Thing("protocol", auditor=actor.organisation),
        new=True,
        body=_signed,
        lost=frozenset({STRANGER}),
    ),
    Route("GET", "/protocols"): SIGNED_IN,
    Route("GET", "/protocols/{protocol_id}"): about("read", "protocol"),
    Route("GET", "/protocols/{protocol_id}/document"): about("read", "protocol"),
    Route("POST", "/protocols/{protocol_id}/sign"): about("sign", "protocol", _signed),
    Route("GET", "/protocols/{protocol_id}/start"): Rule("start", lambda _: Thing("run", **OWN)),
    Route("POST", "/protocols/{protocol_id}/start"): Rule(
        "start", lambda _: Thing("run", **OWN), body=_nothing
    ),
    Route("GET", "/runs"): SIGNED_IN,
    Route("GET", "/runs/{run_id}"): about("read", "run"),
    Route("GET", "/runs/{run_id}/progress"): about("read", "run"),
    Route("GET", "/runs/{run_id}/stop"): about("stop", "run"),
    Route("POST", "/runs/{run_id}/stop"): about("stop", "run", _nothing),
    Route("GET", "/reports"): SIGNED_IN,
    Route("GET", "/reports/{run_id}"): about("read", "report"),
    Route("GET", "/reports/{run_id}/bundle"): about("read", "report"),
    Route("GET", "/reports/{run_id}/chart.svg"): about("read", "report"),
}
