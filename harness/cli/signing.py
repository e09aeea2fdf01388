"""Statements that parties sign, made where their keys are: on their own machine."""

import secrets
from datetime import UTC, datetime

from evals.manifest import Manifest
from harness.documents import canonical, statements
from harness.documents import suite as suite_document
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


def submission(
    key: PrivateKey, parsed: Manifest, digest: str, organisation: str, contact: str
) -> bytes:
    """An auditor's statement about a packed suite; `digest` is the archive's."""
    fields = suite_document.submission(parsed, organisation=organisation, contact=contact)
    return statement(key, "suite-submission", ("suite", digest), fields)


def signer(protocol: Protocol, key: PrivateKey) -> tuple[str, str]:
    """Organisation and role that a protocol names a key for. Raises InvalidInput for another."""
    named = {"auditor": protocol.parties.auditor, "vendor": protocol.parties.vendor}
    for role, party in named.items():
        if party.key_id == key.public.key_id:
            return party.organisation, role
    keys = " and ".join(f"{one.organisation}'s {one.key_id}" for one in named.values())
    raise InvalidInput(f"--key: the protocol names other keys: {keys}")


def signed(key: PrivateKey, body: bytes, protocol: Protocol) -> dict[str, bytes]:
    """Every envelope that the key's owner owes to a protocol, by its name in the file of them.

    The auditor proposes and approves, the vendor approves. Raises InvalidInput.
    """
    organisation, role = signer(protocol, key)
    found = {"approval": approval(key, body, protocol, organisation, role)}
    if role == "auditor":
        found["proposal"] = proposal(key, body, organisation)
    return found
