"""What a probe from outside finds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a control holds; `detail` is a count or a code that no run changes."""

    held: bool
    detail: str = ""
