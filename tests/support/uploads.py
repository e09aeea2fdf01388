"""Files that people send by a page's form, and the signatures that they make offline."""

import re

import httpx

from evals import pack
from harness.cli import signing
from harness.documents import packed, signatures
from harness.documents import protocol as protocol_document
from harness.documents import suite as suite_document
from harness.documents.signer import PrivateKey
from tests.support.visits import Visits


def upload(
    browse: Visits, who: str, path: str, page: str, files: dict[str, bytes], **fields: str
) -> httpx.Response:
    """Post a form with files as a browser does that has loaded the page with it."""
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', browse.get(who, page).text)
    return browse.client.post(
        path,
        headers=browse.headers(who),
        data={"csrf": found[1], **fields},
        files={name: (f"{name}.bin", content) for name, content in files.items()},
    )


def submission(key: PrivateKey, archive: bytes, organisation: str) -> bytes:
    """What `assay sign` writes for a packed suite."""
    parsed, _ = packed.open_archive(archive)
    fields = suite_document.submission(parsed, organisation=organisation, contact=organisation)
    subject = ("suite", pack.digest(archive))
    envelope = signing.statement(key, "suite-submission", subject, fields)
    return signatures.build({"submission": envelope})


def proposal(key: PrivateKey, body: bytes, organisation: str) -> bytes:
    """What `assay sign` writes for a draft, as its auditor."""
    protocol = protocol_document.parse(body)
    return signatures.build(
        {
            "proposal": signing.proposal(key, body, organisation),
            "approval": signing.approval(key, body, protocol, organisation, "auditor"),
        }
    )


def approval(key: PrivateKey, body: bytes, organisation: str) -> bytes:
    """What `assay sign` writes for a proposed protocol, as its vendor."""
    protocol = protocol_document.parse(body)
    envelope = signing.approval(key, body, protocol, organisation, "vendor")
    return signatures.build({"approval": envelope})
