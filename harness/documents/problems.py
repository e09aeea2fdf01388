"""What is wrong with a document: every problem at once, each with its path.

Documents are judged before any run, so a message may name the party's own field.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from harness.documents import canonical

_LONGEST_KEY = 64

_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem. `path` reads like `analysis.metrics[0].unit`, empty for the whole document."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class DocumentInvalid(ValueError):
    """A document breaks its schema or a rule between its fields."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(str(problem) for problem in self.problems))


def refuse(problems: Sequence[Problem]) -> None:
    """Raise DocumentInvalid if there is any problem."""
    if problems:
        raise DocumentInvalid(problems)


def read(model: type[_Model], data: bytes) -> _Model:
    """Validate canonical JSON bytes against `model`.

    Raises DocumentInvalid with every problem found; the rules between fields are only judged
    once each field is right by itself.
    """
    try:
        value = canonical.loads(data)
    except canonical.CanonicalError as error:
        raise DocumentInvalid([Problem("", str(error))]) from None
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        raise DocumentInvalid(_problems(error, value)) from None


def _problems(error: ValidationError, value: object) -> list[Problem]:
    found: dict[str, str] = {}
    for item in error.errors(include_url=False, include_input=False):
        cause = item.get("ctx", {}).get("error")
        if isinstance(cause, DocumentInvalid):
            return list(cause.problems)
        # Members of a union complain one after the other about one field: the first is enough.
        path = _path(item["loc"], value, missing=item["type"] == "missing")
        found.setdefault(path, item["msg"])
    return [Problem(path, message) for path, message in found.items()]


def _path(location: Sequence[str | int], value: object, *, missing: bool) -> str:
    """Write a location as a path, without the names that pydantic gives to unions and keys."""
    path = ""
    for part in location:
        if isinstance(part, str) and isinstance(value, Mapping) and part in value:
            path, value = f"{path}.{_shown(part)}", value[part]
        elif isinstance(part, int) and isinstance(value, list) and part < len(value):
            path, value = f"{path}[{part}]", value[part]
    if missing:
        path = f"{path}.{location[-1]}"
    return path.removeprefix(".")


def _shown(key: str) -> str:
    # A key that nobody declared may hold anything; a terminal should not have to bear it.
    return key if key.isprintable() and len(key) <= _LONGEST_KEY else "(unreadable name)"
