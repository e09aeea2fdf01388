"""Every field of a protocol with its meaning, for people who read before they sign."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.documents.fields import Part
from harness.documents.protocol import Protocol


@dataclass(frozen=True, slots=True)
class Clause:
    """One value of the document: where it stands, what it means, in which unit."""

    path: str
    meaning: str
    unit: str
    value: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """One section of the document."""

    name: str
    meaning: str
    clauses: tuple[Clause, ...]


def chapters(protocol: Protocol) -> tuple[Chapter, ...]:
    """The whole document, section by section, in its own order; nothing is left out."""
    return tuple(
        Chapter(name, field.description or "", tuple(_below(getattr(protocol, name), name)))
        for name, field in type(protocol).model_fields.items()
        if isinstance(getattr(protocol, name), Part)
    )


def _below(part: Part, path: str) -> Iterator[Clause]:
    for name, field in type(part).model_fields.items():
        extra = field.json_schema_extra
        unit = extra.get("x-unit", "") if isinstance(extra, dict) else ""
        yield from _walk(getattr(part, name), f"{path}.{name}", field.description or "", str(unit))


def _walk(value: object, path: str, meaning: str, unit: str) -> Iterator[Clause]:
    if isinstance(value, Part):
        yield from _below(value, path)
    elif isinstance(value, Mapping) and value:
        for name, item in value.items():
            yield from _walk(item, f"{path}.{name}", meaning, unit)
    elif isinstance(value, tuple) and any(isinstance(item, Part) for item in value):
        for index, item in enumerate(value):
            yield from _walk(item, f"{path}[{index}]", meaning, unit)
    else:
        yield Clause(path, meaning, unit, _text(value))


def _text(value: object) -> str:
    if value is None or value in ((), {}):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
