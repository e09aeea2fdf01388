"""Statements that parties sign: taken only when every byte of them is what it says."""

from sqlalchemy.orm import Session

from harness.documents import envelope as dsse
from harness.documents import statements
from harness.documents.signer import SignatureInvalid
from harness.errors import InvalidInput
from harness.records.base import Act
from harness.services.parties import registry
from harness.services.platform import outbox


def accept(
    session: Session,
    envelope: bytes,
    *,
    kind: str,
    organisation: str,
    subject: tuple[str, str],
    act: Act,
    protocol: str | None = None,
) -> tuple[statements.Statement, str]:
    """Check a party's envelope and put it into the outbox; the statement and its key's id.

    `subject` is the (name, digest) that the statement must be about. Raises InvalidInput when
    the envelope, its kind, its subject or its signature is not exactly that.
    """
    try:
        sealed = dsse.parse(envelope)
        statement = statements.parse(sealed.payload, kind)
    except (dsse.EnvelopeError, statements.StatementError) as error:
        raise InvalidInput(f"envelope: {error}") from None
    name, digest = subject
    if statement.subjects != {name: digest}:
        raise InvalidInput(
            f"the envelope signs another {name} than {digest}: nothing was taken; "
            "sign the exact bytes that were proposed"
        )
    key = registry.signing_key(session, organisation, sealed.key_id)
    try:
        sealed.verify(key)
    except SignatureInvalid as error:
        raise InvalidInput(f"envelope: {error}") from None
    outbox.put(session, sealed, key, kind, act, organisation=organisation, protocol=protocol)
    return statement, key.key_id
