"""From what is typed into the form of terms to terms, and from their problems to its fields.

A field that is left empty takes its default.
"""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from harness.documents.fields import instant
from harness.documents.protocol import Protocol
from harness.errors import InvalidInput
from harness.services.agreements import terms
from harness.services.agreements.terms import Terms
from web.views.pages.terms_fields import FIELDS, Field

_MICRO: Final = 1_000_000
_WHOLE: Final = re.compile(r"[0-9]{1,15}")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DECISION: Final = "claim.decision"
# Where a term stands in the protocol, if not under its own name in one of `_SECTIONS`.
_PATHS: Final = {
    "person": "parties.auditor.person",
    "vendor_person": "parties.vendor.person",
    "observers": "parties.observers",
    "contamination": "suite.contamination",
    "release": "disclosure.release.mode",
    "grid_s": "disclosure.release.grid_s",
    "compare.protocol": "analysis.compared.agreement",
    "compare.metrics": "analysis.compared.metrics",
    "scores_kept_days": "evidence.scores_kept_days",
    "ledger_pair": "disclosure.ledger.pair",
    "ledger_owner_group": "disclosure.ledger.owner_group",
    "ledger_model": "disclosure.ledger.model",
    "dp.epsilon_per_record": "disclosure.differential_privacy.epsilon_per_record",
    "dp.epsilon_cap": "disclosure.differential_privacy.epsilon_cap",
}
_SECTIONS: Final = ("identity", "harness", "budget", "disclosure", "publication")
# Where a problem of the drafted protocol belongs that has another name in the terms.
_PLACES: Final = {
    "disclosure.bits": "bits_cap",
    "disclosure.release.grid_s": "grid_s",
    "disclosure.differential_privacy": "dp.epsilon_per_record",
    "disclosure.differential_privacy.epsilon_per_record": "dp.epsilon_per_record",
    "disclosure.differential_privacy.epsilon_cap": "dp.epsilon_cap",
    "dp": "dp.epsilon_per_record",
    "budget.window": "window_days",
    "budget.window.end": "window_days",
    "parties.auditor.person": "person",
    "parties.vendor.person": "vendor_person",
}


def read(typed: Mapping[str, str]) -> Terms:
    """The terms that were typed. Raises InvalidInput with the name of every field that is wrong."""
    value: dict[str, Any] = {}
    problems: list[str] = []
    for name, field in FIELDS.items():
        text = typed.get(name, "").strip()
        if not text:
            continue
        try:
            _put(value, name, _read(field, text))
        except InvalidInput as error:
            problems += error.problems
    problems += _decision_problems(value)
    if "epsilon_per_record" not in value.get("dp", {}):
        # A cap on epsilon alone asks for no noise.
        value.pop("dp", None)
    try:
        found = terms.build(value)
    except InvalidInput as error:
        raise InvalidInput([*problems, *map(_own_name, error.problems)]) from None
    if problems:
        raise InvalidInput(problems)
    return found


def placed(error: InvalidInput) -> InvalidInput:
    """The problems of a draft, each named like the field of the form that can mend it."""
    return InvalidInput(_own_name(problem) for problem in error.problems)


def defaults(person: str) -> dict[str, str]:
    """What the form shows at first; `person` is who fills it in."""
    plain = Terms().model_dump()
    found = {name: _shown(_get(plain, name)) for name in FIELDS}
    return found | {"person": person, "claim.decision.margin": ""}


def again(protocol: Protocol) -> dict[str, str]:
    """What to type for a protocol of the same terms, for somebody who wants to change a few."""
    plain = protocol.model_dump()
    found = {name: _typed(field, _found(plain, name)) for name, field in FIELDS.items()}
    window = protocol.budget.window
    return found | {"window_days": str((instant(window.end) - instant(window.start)).days)}


def _found(plain: Mapping[str, Any], name: str) -> object:
    if name in _PATHS or "." in name:
        return _get(plain, _PATHS.get(name, name))
    return next((plain[part][name] for part in _SECTIONS if name in plain[part]), None)


def _typed(field: Field, value: object) -> str:
    if field.kind == "dollars" and isinstance(value, int):
        return format(Decimal(value) / _MICRO, "f")
    return _shown(value)[:10] if field.kind == "day" else _shown(value)


def _read(field: Field, text: str) -> object:
    match field.kind:
        case "whole":
            if not _WHOLE.fullmatch(text):
                raise InvalidInput(f"{field.name}: a whole number")
            return int(text)
        case "dollars":
            return _microusd(field.name, text)
        case "lines":
            return [line.strip() for line in text.splitlines() if line.strip()]
        case "day":
            if not _DAY.fullmatch(text):
                raise InvalidInput(f"{field.name}: a day such as 2027-01-31")
            return f"{text}T00:00:00Z"
        case "decimal":
            # ".5" is a number to people.
            return f"0{text}" if text.startswith(".") else text
        case _:
            return text


def _microusd(name: str, text: str) -> int:
    try:
        amount = Decimal(text) * _MICRO
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or not 0 <= amount < 2**53 or amount != int(amount):
        raise InvalidInput(f"{name}: an amount in US dollars such as 1.50")
    return int(amount)


def _decision_problems(value: dict[str, Any]) -> list[str]:
    """A decision rule has a figure and a threshold, or is none at all."""
    claim = value.get("claim", {})
    decision = claim.get("decision", {})
    if "metric" in decision:
        return []
    claim.pop("decision", None)
    if "threshold" not in decision:
        return []
    return [f"{_DECISION}.metric: choose the figure that the threshold is for"]


def _put(value: dict[str, Any], name: str, item: object) -> None:
    *path, last = name.split(".")
    for part in path:
        value = value.setdefault(part, {})
    value[last] = item


def _get(value: Any, name: str) -> object:
    for part in name.split("."):
        value = value[part] if value is not None else None
    return value


def _shown(value: object) -> str:
    if isinstance(value, list | tuple):
        return "\n".join(map(str, value))
    return "" if value is None else str(value)


def _own_name(problem: str) -> str:
    path, colon, message = problem.removeprefix("protocol: ").partition(": ")
    name = _field_of(path) if colon else None
    return problem.removeprefix("protocol: ") if name is None else f"{name}: {message}"


def _field_of(path: str) -> str | None:
    """The form's name of a path in terms or protocol, or None when no field is behind it."""
    bare = re.sub(r"(\.[0-9]+|\[[0-9]+\])$", "", path)
    last = bare.rpartition(".")[2]
    for name in (bare, _PLACES.get(bare, ""), last, f"ledger_{last}"):
        if name in FIELDS:
            return name
    return None
