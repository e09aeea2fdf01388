"""`assay login`, `assay logout`, `assay profile`: where a person is signed in from here."""

import contextlib
import socket
import sys
from typing import Annotated, Final

import typer

from harness.cli import output, profiles
from harness.cli.client import connected_as
from harness.cli.profiles import Profile
from harness.errors import Conflict, HarnessError, InvalidInput

app = typer.Typer(help="Sign-ins on this machine.", no_args_is_help=True)

_LONGEST_HOST: Final = 40


def login(
    url: Annotated[str, typer.Argument(help="Address of the server.", metavar="URL")],
    profile: Annotated[
        str | None,
        typer.Option(help="Name to keep it under; the organisation's by default.", metavar="NAME"),
    ] = None,
    org: Annotated[
        str | None,
        typer.Option(help="Organisation to act for, where there are several.", metavar="NAME"),
    ] = None,
    days: Annotated[int, typer.Option(help="Days until the sign-in expires.", metavar="N")] = 30,
    *,
    token: Annotated[
        bool, typer.Option("--token", help="Ask for a token instead of login and password.")
    ] = False,
    as_json: output.Json = False,
) -> None:
    """Sign in to a server: asks for login and password, or reads them from standard input."""
    server = profiles.checked(url)
    with connected_as(Profile("", server, "")) as client:
        facts = client.get("")
        if token:
            made = {"secret": _asked("Token", hidden=True), "id": ""}
        else:
            asked = {"login": _asked("Login"), "password": _asked("Password", hidden=True)}
            made = client.post_secret("/sign-in", {**asked, **_wanted(org, days)})
    with connected_as(Profile("", server, made["secret"])) as client:
        me = client.get("/me")
    name = _name(profile, me["organisation"], server)
    profiles.keep(Profile(name, server, made["secret"], me["organisation"], me["role"], made["id"]))
    if as_json:
        output.data({"profile": name, "server": server, **me})
        return
    output.fields(
        [
            ("person", f"{me['person']} for {me['organisation']} ({me['role']})"),
            ("server", f"{server}, Assay {facts['version']}"),
            ("trust root", facts["trust_root_digest"]),
            ("profile", name),
            ("until", output.moment(me["expires_at"])),
        ]
    )


def _wanted(org: str | None, days: int) -> dict[str, object]:
    """The token that a sign-in makes: named after this machine, so that it can be told apart."""
    host = socket.gethostname()[:_LONGEST_HOST]
    name = f"assay on {host}" if host.isprintable() else "assay"
    return {"organisation": org, "name": name, "scopes": ["read", "write"], "days": days}


def _name(wanted: str | None, organisation: str, server: str) -> str:
    """The profile's name. Raises Conflict rather than hide another server's sign-in."""
    name = wanted or organisation
    known = profiles.load().profiles.get(name)
    if known is not None and wanted is None and known.server != server:
        raise Conflict(f"profile {name} is of {known.server}: choose another name by --profile")
    return name


def logout(profile: profiles.Name = None, *, as_json: output.Json = False) -> None:
    """Sign out: ends the token that `assay login` made, and forgets it here."""
    found = profiles.chosen(profile)
    if not found.name:
        raise Conflict("signed in by ASSAY_SERVER and ASSAY_TOKEN: unset them instead")
    ended = False
    if found.token_id:
        with contextlib.suppress(HarnessError), connected_as(found) as client:
            client.delete(f"/tokens/{found.token_id}")
            ended = True
    profiles.forget(found.name)
    if as_json:
        output.data({"profile": found.name, "revoked": ended})
        return
    output.say(f"signed out of {found.server} ({found.name})")
    if not ended:
        output.note("its token still works until it expires; revoke it on your account page")


@app.command("list")
def list_(*, as_json: output.Json = False) -> None:
    """List the sign-ins that are kept here, without their tokens."""
    kept = profiles.load()
    rows = sorted(kept.profiles.values(), key=lambda one: one.name)
    if as_json:
        output.data(
            [
                {
                    "name": one.name,
                    "server": one.server,
                    "organisation": one.organisation,
                    "role": one.role,
                    "current": one.name == kept.current,
                }
                for one in rows
            ]
        )
    elif not rows:
        output.say("no sign-ins yet; make one with `assay login URL`")
    else:
        output.table(
            ("profile", "server", "role", "in use"),
            [
                (one.name, one.server, one.role, "yes" if one.name == kept.current else "")
                for one in rows
            ],
        )


@app.command("use")
def use(
    name: Annotated[str, typer.Argument(help="Name of a profile.", metavar="NAME")],
    *,
    as_json: output.Json = False,
) -> None:
    """Use a sign-in from now on, unless a command names another by --profile."""
    found = profiles.use(name)
    if as_json:
        output.data({"profile": found.name, "server": found.server})
    else:
        output.say(f"{found.name} at {found.server} is in use")


def _asked(what: str, *, hidden: bool = False) -> str:
    """A line from whoever types, or from standard input. Raises InvalidInput."""
    if sys.stdin.isatty():
        return str(typer.prompt(what, hide_input=hidden, err=True))
    try:
        line = sys.stdin.buffer.readline().decode().rstrip("\r\n")
    except UnicodeDecodeError:
        line = ""
    if not line or not line.isprintable():
        raise InvalidInput(f"{what.lower()}: one line on standard input")
    return line
