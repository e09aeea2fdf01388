"""What doctor finds: one value per thing that it looks at."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One examined thing; `remedy` is a command or an act, empty when all is well."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""
