"""The page on documents must be true: its commands run, its table is the code's."""

import re
import subprocess
from pathlib import Path

import pytest

from harness.documents import envelope, predicates, signer, statements

PAGE = (Path(__file__).parents[4] / "docs" / "documents.md").read_text()


def test_the_table_of_statements_is_in_step():
    rows = re.findall(r"^\| `([a-z-]+)` \| ([a-z, ]+) \| [a-z ]+ \| (.+) \|$", PAGE, re.MULTILINE)
    written = {kind: (about, fields) for kind, about, fields in rows}
    common = predicates.Predicate.model_fields.keys()
    assert written == {
        kind: (
            ", ".join(sorted(subjects)),
            ", ".join(f"`{name}`" for name in model.model_fields if name not in common),
        )
        for kind, (model, subjects) in statements.KINDS.items()
    }


@pytest.mark.parametrize("algorithm", ["p256", "ed25519"])
def test_the_commands_accept_a_signature_and_refuse_a_changed_one(algorithm, tmp_path):
    script = re.search(r"```sh\n(.*?)```", PAGE, re.DOTALL)[1]
    key = signer.generate(algorithm)
    sealed = envelope.seal(b'{"a":1}', key)
    changed = envelope.Envelope(b'{"a":2}', sealed.payload_type, sealed.key_id, sealed.signature)
    (tmp_path / "key.pem").write_bytes(key.public.to_pem())
    for made, accepted in ((sealed, True), (changed, False)):
        (tmp_path / "envelope.json").write_bytes(made.to_bytes())
        result = subprocess.run(
            ["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert (result.returncode == 0) is accepted, result
        assert key.public.key_id.removeprefix("sha256:") in result.stdout
