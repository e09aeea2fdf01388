"""The outbox: signed statements on their way into the log.

A statement is stored with the transaction that decides it; the sequencer gives it its index.
"""

import hashlib
import secrets
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from harness.documents import statements
from harness.documents.envelope import Envelope, seal
from harness.documents.signer import PublicKey
from harness.records import log
from harness.records.base import Act
from harness.services.platform.opening import Platform
from harness.tlog import leaf, tree


def timestamp(at: float) -> str:
    """RFC 3339 in UTC, to the second."""
    return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def new_nonce() -> str:
    """A random 128-bit nonce, so that a withheld digest cannot be guessed."""
    return secrets.token_hex(16)


def issue(
    session: Session,
    platform: Platform,
    kind: str,
    subjects: dict[str, str],
    fields: dict[str, object],
    act: Act,
    *,
    prev: str | None = None,
    protocol: str | None = None,
    run: str | None = None,
    not_before: float = 0.0,
    withheld: bool = False,
) -> str:
    """Sign a statement of the server's and put it into the outbox; its PAE digest.

    `not_before` holds the leaf back until a run's slot, whatever the run did before.
    """
    payload = statements.statement(
        kind,
        subjects,
        fields,
        issued_at=timestamp(max(act.at, not_before)),
        nonce=new_nonce(),
        prev=prev,
    )
    envelope = seal(payload, platform.statement_key)
    put(
        session,
        envelope,
        platform.statement_key.public,
        kind,
        act,
        protocol=protocol,
        run=run,
        not_before=not_before,
        withheld=withheld,
    )
    return envelope.pae_digest


def put(
    session: Session,
    envelope: Envelope,
    key: PublicKey,
    kind: str,
    act: Act,
    *,
    organisation: str | None = None,
    protocol: str | None = None,
    run: str | None = None,
    not_before: float = 0.0,
    withheld: bool = False,
) -> None:
    """Store a verified envelope, to be logged from `not_before` on."""
    body = leaf.body(hashlib.sha256(envelope.pae).digest(), envelope.signature, key.der)
    log.add(
        session,
        log.Statement(
            pae_digest=envelope.pae_digest,
            kind=kind,
            protocol=protocol,
            run=run,
            organisation=organisation,
            withheld=withheld,
            envelope=envelope.to_bytes(),
            verifier=key.der,
            leaf=body,
            leaf_hash=tree.leaf_hash(body),
            index=None,
            not_before=not_before,
            created_at=act.at,
        ),
        act,
    )
