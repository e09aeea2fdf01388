"""Where a person is signed in: servers and tokens, kept in one file for their owner alone.

Programs need no file: ASSAY_SERVER and ASSAY_TOKEN together say the same.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

import typer

from harness.cli import files
from harness.errors import InvalidInput, NotFound, NotSignedIn
from harness.services.platform.address import local

Name = Annotated[
    str | None,
    typer.Option("--profile", help="Sign-in to use, see `assay profile list`.", metavar="NAME"),
]

_SERVER: Final = "ASSAY_SERVER"
_TOKEN: Final = "ASSAY_TOKEN"  # noqa: S105 - the variable's name
_FOLDER_MODE: Final = 0o700


@dataclass(frozen=True, slots=True)
class Profile:
    """One sign-in. `token_id` is known where `assay login` made the token; else it is empty."""

    name: str
    server: str
    token: str
    organisation: str = ""
    role: str = ""
    token_id: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """What the file holds; `current` is empty or the name of a profile."""

    current: str
    profiles: Mapping[str, Profile]


def path() -> Path:
    """The file of this user."""
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "assay" / "profiles.json"


def load() -> Kept:
    """Read the file; an absent one is empty. Raises InvalidInput when it is no such file."""
    where = path()
    try:
        text = where.read_bytes()
    except FileNotFoundError:
        return Kept("", {})
    try:
        value = json.loads(text)
        found = {name: Profile(name=name, **one) for name, one in value["profiles"].items()}
        return Kept(str(value["current"]), found)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise InvalidInput(f"{where}: cannot be read; remove it and sign in again") from None


def keep(profile: Profile) -> None:
    """Add or replace a profile, and use it from now on."""
    known = dict(load().profiles)
    known[profile.name] = profile
    _store(Kept(profile.name, known))


def use(name: str) -> Profile:
    """Use a profile from now on. Raises NotFound."""
    kept = load()
    found = _named(kept, name)
    _store(replace(kept, current=name))
    return found


def forget(name: str) -> None:
    """Remove a profile. Raises NotFound."""
    kept = load()
    _named(kept, name)
    rest = {known: one for known, one in kept.profiles.items() if known != name}
    _store(Kept("" if kept.current == name else kept.current, rest))


def chosen(name: str | None) -> Profile:
    """The profile that a command uses: by its name, else the environment's, else the current.

    Raises NotFound, InvalidInput, or NotSignedIn where there is none.
    """
    if name is not None:
        return _named(load(), name)
    server, token = os.environ.get(_SERVER, ""), os.environ.get(_TOKEN, "")
    if bool(server) != bool(token):
        missing = _TOKEN if server else _SERVER
        raise InvalidInput(f"{missing}: is needed, too; {_SERVER} and {_TOKEN} belong together")
    if server:
        return Profile("", checked(server), token)
    kept = load()
    if not kept.current:
        raise NotSignedIn(f"sign in with `assay login URL`, or set {_SERVER} and {_TOKEN}")
    return _named(kept, kept.current)


def checked(url: str) -> str:
    """A server's address without a slash at its end. Raises InvalidInput."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in {"http", "https"} or parts.path.strip("/"):
        raise InvalidInput("URL: http:// or https:// and the server's name, without a path")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise InvalidInput("URL: without user, password, query or fragment")
    if parts.scheme == "http" and not local(host):
        raise InvalidInput("URL: plain http only on this machine; use https")
    return url.rstrip("/")


def _named(kept: Kept, name: str) -> Profile:
    if name not in kept.profiles:
        raise NotFound(f"no profile {name}: see `assay profile list`, or sign in again")
    return kept.profiles[name]


def _store(kept: Kept) -> None:
    plain = {name: asdict(one) for name, one in kept.profiles.items()}
    for one in plain.values():
        del one["name"]
    text = json.dumps({"current": kept.current, "profiles": plain}, indent=2) + "\n"
    where = path()
    try:
        where.parent.mkdir(parents=True, exist_ok=True, mode=_FOLDER_MODE)
    except OSError as error:
        raise InvalidInput(f"{where.parent}: {error.strerror}") from None
    files.write(where, text.encode(), files.SECRET_MODE)
