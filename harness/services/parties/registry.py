"""Organisations, their keys, and the vendors' models."""

import re
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from harness.documents.signer import KeyInvalid, PublicKey
from harness.errors import Conflict, InvalidInput, NotFound
from harness.records import ledger, log, parties
from harness.records.base import Act
from harness.services.access import Actor, Thing, check
from harness.services.platform.opening import Platform

ROLES: Final = ("auditor", "vendor", "regulator", "operator")
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{1,62}")
_LONGEST_LINE: Final = 200
_LONGEST_URL: Final = 500
_LONGEST_CREDENTIAL: Final = 4096
HIGHEST_PRICE: Final = 2**31 - 1
_MODEL: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")


def add_organisation(
    session: Session,
    platform: Platform,
    actor: Actor,
    name: str,
    role: str,
    owner_group: str | None,
    key_pem: bytes | None,
) -> parties.Organisation:
    """Register a vetted organisation with its first public key."""
    check(actor, "add", Thing("organisation"))
    key, problems = _read_key(key_pem)
    problems += _organisation_problems(name, role, owner_group, key_given=key_pem is not None)
    if problems:
        raise InvalidInput(problems)
    if parties.organisation(session, name) is not None:
        raise Conflict(f"an organisation named {name} exists already")
    act = Act(actor.label, "add organisation", platform.clock())
    row = parties.Organisation(
        name=name, role=role, owner_group=owner_group or name, created_at=act.at
    )
    parties.add_organisation(session, row, act)
    if key is not None:
        if parties.key(session, key.key_id) is not None:
            raise Conflict("this public key belongs to an organisation already; make a new one")
        head = log.head(session)
        parties.add_key(
            session,
            parties.OrganisationKey(
                key_id=key.key_id,
                organisation=name,
                public_pem=key.to_pem().decode(),
                valid_from=head.size if head else 0,
                invalid_from=None,
            ),
            act,
        )
    return row


def add_model(
    session: Session,
    platform: Platform,
    actor: Actor,
    name: str,
    base_url: str,
    upstream: str,
    snapshot: str,
    credential: str,
    price_in: int,
    price_out: int,
) -> parties.Model:
    """Register a vendor's endpoint. The credential is encrypted at once and never shown."""
    check(actor, "add", Thing("model", vendor=actor.organisation))
    problems = []
    if not _MODEL.fullmatch(name):
        problems.append("name: up to 80 of a-z, 0-9, dot, underscore and hyphen")
    for what, text in (("upstream", upstream), ("snapshot", snapshot)):
        if not 0 < len(text) <= _LONGEST_LINE or not text.isprintable():
            problems.append(f"{what}: one line of 1 to {_LONGEST_LINE} characters")
    problems += _url_problems(base_url)
    readable = credential.isascii() and credential.isprintable()
    if not 0 < len(credential) <= _LONGEST_CREDENTIAL or not readable:
        problems.append("credential: one line of ASCII")
    for what, price in (("price_in", price_in), ("price_out", price_out)):
        if not 0 <= price <= HIGHEST_PRICE:
            problems.append(
                f"{what}: 0 to {HIGHEST_PRICE} millionths of a dollar per million tokens"
            )
    if problems:
        raise InvalidInput(problems)
    if parties.model(session, name) is not None:
        raise Conflict(f"a model named {name} exists already")
    row = parties.Model(
        name=name,
        vendor=actor.organisation,
        base_url=base_url.rstrip("/"),
        upstream=upstream,
        snapshot=snapshot,
        credential=platform.vault.close(credential),
        price_in=price_in,
        price_out=price_out,
        created_at=platform.clock(),
    )
    parties.add_model(session, row, Act(actor.label, "add model", row.created_at))
    ledger.open_model(session, name)
    return row


def actor(session: Session, name: str) -> Actor:
    """The actor for a registered organisation. Raises NotFound."""
    row = parties.organisation(session, name)
    if row is None:
        raise NotFound(f"no organisation named {name}: see `assay org list`")
    return Actor(row.name, row.role)


def signing_key(session: Session, organisation: str, key_id: str) -> PublicKey:
    """An organisation's key that is valid at the log's present size. Raises InvalidInput."""
    row = parties.key(session, key_id)
    head = log.head(session)
    size = head.size if head else 0
    if (
        row is None
        or row.organisation != organisation
        or row.valid_from > size
        or (row.invalid_from is not None and row.invalid_from <= size)
    ):
        raise InvalidInput(f"the envelope is not signed by a valid key of {organisation}")
    return PublicKey.from_pem(row.public_pem.encode())


def _read_key(key_pem: bytes | None) -> tuple[PublicKey | None, list[str]]:
    if key_pem is None:
        return None, []
    try:
        return PublicKey.from_pem(key_pem), []
    except KeyInvalid:
        return None, ["key: not a P-256 or Ed25519 public key in PEM form"]


def _organisation_problems(
    name: str, role: str, owner_group: str | None, *, key_given: bool
) -> list[str]:
    problems = []
    if not _NAME.fullmatch(name):
        problems.append("name: 2 to 63 of a-z, 0-9 and hyphen, beginning with a letter")
    if role not in ROLES:
        problems.append(f"role: one of {', '.join(ROLES)}")
    if owner_group is not None and not _NAME.fullmatch(owner_group):
        problems.append("owner group: 2 to 63 of a-z, 0-9 and hyphen, beginning with a letter")
    if role in {"auditor", "vendor"} and not key_given:
        problems.append(f"key: a {role} signs, so its public key is needed (`assay keys new`)")
    return problems


def _url_problems(base_url: str) -> list[str]:
    if len(base_url) > _LONGEST_URL or not base_url.isprintable():
        return [f"base URL: one line of at most {_LONGEST_URL} characters"]
    try:
        parts = urlsplit(base_url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return ["base URL: not a URL"]
    if parts.scheme not in {"http", "https"} or not host:
        return ["base URL: http:// or https://, a host, and the path before /chat/completions"]
    problems = []
    if parts.username or parts.password or parts.query or parts.fragment:
        problems.append("base URL: without user, password, query or fragment")
    if parts.scheme == "http" and host not in {"127.0.0.1", "localhost", "::1"}:
        problems.append("base URL: plain http only on this machine; use https")
    return problems
