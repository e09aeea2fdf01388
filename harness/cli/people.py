"""`assay people`: who may sign in, for the operator at the data folder."""

from typing import Annotated

import typer

from harness import config
from harness.cli import output
from harness.cli.context import opened, operator
from harness.config import Settings
from harness.services.parties import people
from harness.services.platform import address

app = typer.Typer(help="People who may sign in (operator).", no_args_is_help=True)

Login = Annotated[str, typer.Argument(help="What the person types to sign in.", metavar="LOGIN")]


@app.command("add")
def add(
    login: Login,
    org: Annotated[str, typer.Option(help="Organisation to act for.", metavar="NAME")],
    name: Annotated[
        str, typer.Option(help="The person's name; the login by default.", metavar="TEXT")
    ] = "",
    *,
    as_json: output.Json = False,
) -> None:
    """Let somebody act for an organisation; prints a link that signs in once."""
    with opened() as platform, platform.database.write() as session:
        secret = people.add(session, platform, operator(platform), login, name or login, org)
    _show(login, secret, as_json=as_json)


@app.command("link")
def link(login: Login, *, as_json: output.Json = False) -> None:
    """Let somebody start anew who lost the password: it stops working, a link is printed."""
    with opened() as platform, platform.database.write() as session:
        secret = people.new_link(session, platform, operator(platform), login)
    _show(login, secret, as_json=as_json)


@app.command("list")
def list_(*, as_json: output.Json = False) -> None:
    """List who may sign in."""
    with opened() as platform, platform.database.read() as session:
        found = people.members(session, operator(platform))
    if as_json:
        output.data(
            [
                {
                    "login": one.login,
                    "name": one.name,
                    "organisations": list(one.organisations),
                    "has_password": one.has_password,
                    "disabled": one.disabled,
                }
                for one in found
            ]
        )
    elif not found:
        output.say("nobody yet; `assay serve` prints the operator's first link")
    else:
        output.table(
            ("login", "name", "acts for", "signs in by"),
            [(one.login, one.name, ", ".join(one.organisations), _way(one)) for one in found],
        )


def _way(one: people.Member) -> str:
    if one.disabled:
        return "shut out"
    return "password" if one.has_password else "link"


def _show(login: str, secret: str, *, as_json: bool) -> None:
    where = _where(config.load(), secret)
    days = people.LINK_S // 86400
    if as_json:
        output.data({"login": login, "link": where, "valid_s": people.LINK_S})
        return
    output.fields([("login", login), ("link", where)])
    output.note(f"the link works once, within {days} days; hand it over in private")


def _where(settings: Settings, secret: str) -> str:
    """The link; below the server's address where that is not known before it starts."""
    _, port = address.listen_at(settings)
    known = bool(port or settings.public_url)
    return address.link(settings, port, secret) if known else address.link_path(secret)
