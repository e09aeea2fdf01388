"""The protocol: the agreement that auditor and vendor sign as the same bytes.

Its digest is the SHA-256 of those bytes; gateway, harness and report carry that digest. Every
field is required, so a protocol has one canonical encoding; what does not apply is null.
"""

from collections.abc import Iterator
from typing import Any

from pydantic import model_validator

from harness.documents import canonical, problems, protocol_rules
from harness.documents.protocol_body import Body

SCHEMA = "assay.protocol/1"

_BELOW = (("items", "[]"), ("additionalProperties", ".*"))


class Protocol(Body):
    """A protocol whose every field and rule holds."""

    @model_validator(mode="after")
    def _rules(self) -> "Protocol":
        problems.refuse(protocol_rules.problems(self))
        return self

    def to_bytes(self) -> bytes:
        """Encode as canonical JSON: the bytes that `parse` read."""
        return canonical.dumps(self.model_dump(mode="json", by_alias=True))


def parse(data: bytes) -> Protocol:
    """Read a protocol from its canonical bytes. Raises DocumentInvalid with every problem."""
    return problems.read(Protocol, data)


def build(value: object) -> bytes:
    """Encode plain values as a protocol's canonical bytes, checked.

    Raises CanonicalError for values outside canonical JSON, DocumentInvalid for a broken rule.
    """
    data = canonical.dumps(value)
    parse(data)
    return data


def json_schema() -> dict[str, Any]:
    """Export the JSON Schema (2020-12); `x-unit` and `x-seen` carry unit and visibility."""
    schema = Protocol.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def field_table() -> str:
    """Write the table of all fields for the documentation, in Markdown."""
    schema = json_schema()
    rows = [
        "| field | meaning | unit | who sees it |",
        "|---|---|---|---|",
        # Alternatives share most of their fields.
        *dict.fromkeys(" | ".join(("", *row, "")).strip() for row in _rows(schema, schema, "")),
    ]
    return "\n".join(rows) + "\n"


def _rows(
    node: dict[str, Any], root: dict[str, Any], path: str
) -> Iterator[tuple[str, str, str, str]]:
    for name, field in node.get("properties", {}).items():
        here = f"{path}.{name}".removeprefix(".")
        yield f"`{here}`", field["description"], field.get("x-unit", ""), field["x-seen"]
        for target, suffix in _parts(field, root):
            yield from _rows(target, root, here + suffix)


def _parts(field: dict[str, Any], root: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Find the parts below a field: named directly, in a list, in a map, or as alternatives."""
    if "$ref" in field:
        yield root["$defs"][field["$ref"].rpartition("/")[2]], ""
    below = [(field[key], suffix) for key, suffix in _BELOW if isinstance(field.get(key), dict)]
    below += [(value, ".*") for value in field.get("patternProperties", {}).values()]
    for value, suffix in below:
        for target, inner in _parts(value, root):
            yield target, suffix + inner
    for alternative in (*field.get("anyOf", ()), *field.get("oneOf", ())):
        yield from _parts(alternative, root)
