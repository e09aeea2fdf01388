"""Statements that parties sign, made where their keys are: on their own machine."""

import secrets
from datetime import UTC, datetime
from typing import Literal

from harness.documents import canonical, statements
from harness.documents.envelope import seal
from harness.documents.fields import instant_text
from harness.documents.protocol import Protocol
from harness.documents.signer import PrivateKey
from harness.documents.statements import StatementError
from harness.errors import InvalidInput


def statement(
    key: PrivateKey, kind: str, subject: tuple[str, str], fields: dict[str, object]
) -> bytes:
    """Make and seal a statement about one digest; the envelope's bytes. Raises InvalidInput."""
    name, digest = subject
    try:
        payload = statements.statement(
            kind,
            {name: digest},
            fields,
            issued_at=instant_text(datetime.now(UTC)),
            nonce=secrets.token_hex(16),
            prev=None,
        )
    except StatementError as error:
        raise InvalidInput(str(error)) from None
    return seal(payload, key).to_bytes()


def proposal(key: PrivateKey, body: bytes, organisation: str) -> bytes:
    """The proposer's statement about a protocol's exact bytes."""
    return statement(
        key,
        "protocol-proposal",
        ("protocol", canonical.digest(body)),
        {"organisation": organisation, "role": "auditor", "parent": None},
    )


def approval(
    key: PrivateKey, body: bytes, protocol: Protocol, organisation: str, role: str
) -> bytes:
    """A party's approval of a protocol's exact bytes, valid until its window ends."""
    return statement(
        key,
        "protocol-approval",
        ("protocol", canonical.digest(body)),
        {
            "organisation": organisation,
            "role": role,
            "decision": "approve",
            "valid_until": protocol.budget.window.end,
        },
    )


def check_signer(
    protocol: Protocol, key: PrivateKey, organisation: str, role: Literal["auditor", "vendor"]
) -> None:
    """Raise InvalidInput unless the protocol names this organisation and key in this role."""
    party = protocol.parties.auditor if role == "auditor" else protocol.parties.vendor
    if party.organisation != organisation:
        raise InvalidInput(
            f"--org: the protocol's {role} is {party.organisation}, not {organisation}"
        )
    if party.key_id != key.public.key_id:
        raise InvalidInput(
            f"--key: the protocol names another key for {organisation}: {party.key_id}"
        )
