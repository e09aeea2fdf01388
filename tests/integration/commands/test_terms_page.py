"""docs/terms.md says of every field what the code says."""

import json
import re
from pathlib import Path

import pytest

from harness.errors import InvalidInput
from harness.services.agreements import draft
from harness.services.agreements.terms import Terms, parse

PAGE = (Path(__file__).parents[3] / "docs/terms.md").read_text()
SCHEMA = Terms.model_json_schema()
ROW = re.compile(r"^\| `([a-z_.]+)` \| (.+?) \| (required|`.*?`) \|(.*?)\| (.+) \|$", re.MULTILINE)


def resolved(schema):
    return SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def values(schema):
    """What a field may hold, in words."""
    schema = resolved(schema)
    if "anyOf" in schema:
        first, null = schema["anyOf"]
        assert null == {"type": "null"}
        return values(first) + " or `null`"
    if "enum" in schema:
        return " or ".join(f"`{item}`" for item in schema["enum"])
    low, high = schema.get("minimum"), schema.get("maximum")
    return {
        "object": lambda: "section",
        "array": lambda: "list of " + values(schema["items"]),
        "integer": lambda: f"{low} or more" if high is None else f"{low} to {high}",
        "string": lambda: (
            "decimal in quotes"
            if "pattern" in schema
            else f"text, at most {schema['maxLength']} characters"
        ),
    }[schema["type"]]()


def rows(schema, prefix=""):
    """(field, values, default) of every field, sections before their fields."""
    for name, item in schema["properties"].items():
        inner = resolved(item["anyOf"][0] if "anyOf" in item else item)
        if inner.get("type") != "object" or "anyOf" in item:
            default = f"`{json.dumps(item['default'])}`" if "default" in item else "required"
            yield prefix + name, values(item), default
        if inner.get("type") == "object":
            yield from rows(inner, f"{prefix}{name}.")


def test_every_field_is_told_with_its_values_and_default():
    told = [row[:3] for row in ROW.findall(PAGE)]
    assert told == list(rows(SCHEMA))
    assert len(told) > 40


def test_every_number_has_a_unit():
    units = {name: unit.strip() for name, _, _, unit, _ in ROW.findall(PAGE)}
    numbers = [name for name, kind, _ in rows(SCHEMA) if re.match(r"\d|decimal", kind)]
    assert len(numbers) > 15
    assert [name for name in numbers if not units[name]] == []


def test_the_example_is_a_terms_file():
    example = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[1]
    terms = parse(example.encode())
    assert terms.claim.decision.threshold == "0.5"
    assert terms.runs == 2


def test_an_empty_file_is_all_defaults():
    assert parse(b"") == parse(b"# nothing\n") == Terms()


def test_the_room_for_retries():
    need, cap = re.search(r"a need of (\d+) becomes a cap of (\d+)", PAGE).groups()
    assert draft._room(int(need)) == int(cap)


def test_decimals_need_quotes():
    claim = "claim: {decision: {metric: accuracy, threshold: %s}}"
    assert parse((claim % '"0.5"').encode()).claim.decision.threshold == "0.5"
    with pytest.raises(
        InvalidInput, match=r"terms:1: claim\.decision\.threshold: must be in quotes"
    ):
        parse((claim % "0.5").encode())
