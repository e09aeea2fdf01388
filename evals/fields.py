"""A reader of authors' values that collects every problem instead of stopping at the first."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from evals import wire

LABEL = r"^[a-z0-9][a-z0-9_-]{0,31}$"


class Problem(NamedTuple):
    """What is wrong with the field at `path`, such as `metrics[0].score.hi`; "" is the whole."""

    path: str
    message: str


ABSENT: object = object()  # stands for a missing field, which has been reported already


class Reader:
    """Reads values of known shape; says what is wrong and goes on with a harmless value."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def say(self, path: str, message: str) -> None:
        """Note a problem and go on."""
        self.problems.append(Problem(path, message))

    def record(self, value: object, path: str, names: str) -> dict[str, object]:
        """Read a mapping with exactly these fields, named in one string; an absent one is noted."""
        wanted = names.split()
        prefix = f"{path}." if path else ""
        found = self.mapping(value, path)
        for name in sorted(found.keys() - set(wanted)):
            self.say(prefix + name, "unknown field")
        if isinstance(value, dict):
            for name in wanted:
                if name not in found:
                    self.say(prefix + name, "is missing")
        return {name: found.get(name, ABSENT) for name in wanted}

    def mapping(self, value: object, path: str) -> Mapping[str, object]:
        """Read a mapping with text keys."""
        if isinstance(value, dict):
            return value
        if value is not ABSENT:
            self.say(path, "must be a mapping")
        return {}

    def items(self, value: object, path: str, least: int, most: int) -> list[object]:
        """Read a list of `least` to `most` items."""
        if value is ABSENT:
            return []
        if not isinstance(value, list):
            self.say(path, "must be a list")
            return []
        if not least <= len(value) <= most:
            self.say(path, f"must hold {least} to {most} items, not {len(value)}")
        return value

    def text(self, value: object, path: str, most: int) -> str:
        """Read text of 1 to `most` characters."""
        if isinstance(value, str) and 0 < len(value) <= most:
            return value
        if value is not ABSENT:
            self.say(path, f"must be text of 1 to {most} characters")
        return ""

    def match(self, value: object, path: str, pattern: str, what: str) -> str:
        """Read text that matches the whole of `pattern`; `what` ends "must be …"."""
        if isinstance(value, str) and re.fullmatch(pattern.strip("^$"), value, re.ASCII):
            return value
        if value is not ABSENT:
            self.say(path, f"must be {what}")
        return ""

    def name(self, value: object, path: str) -> str:
        """Read an identifier, as the wire knows them."""
        return self.match(
            value, path, wire.NAME, "a name: a to z first, then a to z, 0 to 9 and _, at most 32"
        )

    def label(self, value: object, path: str) -> str:
        """Read the label of a group or a category."""
        return self.match(value, path, LABEL, "a label: a to z, 0 to 9, _ and -, at most 32")

    def whole(self, value: object, path: str, lowest: int, highest: int) -> int:
        """Read an integer within bounds; `lowest` stands in for a bad one."""
        if type(value) is int and lowest <= value <= highest:
            return value
        if value is not ABSENT:
            self.say(path, f"must be a whole number from {lowest} to {highest}")
        return lowest

    def choice(self, value: object, path: str, allowed: tuple[str, ...]) -> str:
        """Read one of a few words; the first stands in for a bad one."""
        if isinstance(value, str) and value in allowed:
            return value
        if value is not ABSENT:
            self.say(path, "must be " + " or ".join(f'"{item}"' for item in allowed))
        return allowed[0]

    def unique(self, values: list[str], path: str) -> None:
        """Note each value that came before; empty ones are bad already."""
        seen: set[str] = set()
        for position, value in enumerate(values):
            if value and value in seen:
                self.say(f"{path}[{position}]", f'"{value}" appears twice')
            seen.add(value)
