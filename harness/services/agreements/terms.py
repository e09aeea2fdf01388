"""Terms: what an auditor chooses when proposing; everything else follows from suite and model.

Read from a short YAML file. Each field has a default, so that an empty file is a proposal.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from harness.disclosure import privacy
from harness.disclosure.accountant import EPSILON_CAP
from harness.documents import marked_yaml
from harness.errors import InvalidInput

# What people read instead of a validator's words; the names in braces are pydantic's.
_WORDS: Final = {
    "extra_forbidden": "is no field of the terms",
    "greater_than_equal": "at least {ge}",
    "less_than_equal": "at most {le}",
    "literal_error": "one of {expected}",
    "missing": "is needed",
    "string_pattern_mismatch": "a decimal number with a point, such as 0.5",
    "string_too_long": "at most {max_length} characters",
}

_Text = Annotated[str, Field(max_length=2000)]
_Line = Annotated[str, Field(max_length=300)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Decision(_Part):
    """When the claim counts as met; between threshold and margin it is inconclusive."""

    metric: _Line
    threshold: Annotated[str, Field(pattern=r"^-?[0-9]+(\.[0-9]{1,6})?$")]
    margin: Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]{1,6})?$")] = "0"


class Claim(_Part):
    """What the evaluation is to show."""

    type: Literal["capability", "safeguard", "comparison"] = "capability"
    sentence: _Text = ""
    intended_use: _Text = "describe the model on this suite"
    out_of_scope: _Text = "any claim about other tasks, languages or deployments"
    decision: Decision | None = None


class Independence(_Part):
    """Ties that a reader must know of."""

    funding: list[_Line] = []
    payments: _Line = "none contingent on the result"
    competitor_ties: list[_Line] = []
    prior_access: _Line = "none"
    training_allowed: _Line = "nobody"


def _as_text(value: object) -> object:
    # YAML makes a number of a digit; one with a point stays in quotes, to be exact.
    return str(value) if type(value) is int else value


# In this order: the other way round the pattern is checked, but missing from the JSON Schema.
_Epsilon = Annotated[str, Field(pattern=r"^[0-9]{1,4}(\.[0-9]{1,6})?$"), BeforeValidator(_as_text)]


class Privacy(_Part):
    """Differential privacy: noise for a claim about one sample's record."""

    epsilon_per_record: _Epsilon
    epsilon_cap: _Epsilon = privacy.micro_text(EPSILON_CAP)


class Compare(_Part):
    """What each run is compared with: figures of another model's agreement over the same suite."""

    protocol: Annotated[str, Field(min_length=1, max_length=32)]
    metrics: Annotated[list[_Line], Field(min_length=1, max_length=64)]


class Terms(_Part):
    """An auditor's choices. Times are seconds, money is millionths of a US dollar."""

    title: _Line = ""
    summary: _Text = ""
    person: _Line = "the auditor's responsible person"
    vendor_person: _Line = "the vendor's approver"
    template: Literal["capability", "safety", "comparison", "monitoring"] = "capability"
    claim: Claim = Claim()
    independence: Independence = Independence()
    observers: list[_Line] = []
    contamination: _Text = "not known"
    epochs: Annotated[int, Field(ge=1, le=20)] = 1
    runs: Annotated[int, Field(ge=1, le=20)] = 1
    concurrency: Annotated[int, Field(ge=1, le=256)] = 8
    request_timeout_s: Annotated[int, Field(ge=1, le=600)] = 60
    retries: Annotated[int, Field(ge=0, le=10)] = 3
    run_wall_clock_s: Annotated[int, Field(ge=5)] = 1800
    start_within_s: Annotated[int, Field(ge=5)] = 900
    window_days: Annotated[int, Field(ge=1, le=366)] = 30
    release: Literal["fixed", "on_completion"] = "fixed"
    grid_s: Annotated[int, Field(ge=1, le=86400)] = 60
    completeness: Literal["hidden", "buckets"] = "hidden"
    bits_cap: Annotated[int, Field(ge=1, le=4096)] = 64
    ledger_pair: Annotated[int, Field(ge=1)] = 512
    ledger_owner_group: Annotated[int, Field(ge=1)] = 1024
    ledger_model: Annotated[int, Field(ge=1)] = 4096
    dp: Privacy | None = None
    requests: Annotated[int, Field(ge=1)] | None = None
    tokens_in: Annotated[int, Field(ge=1)] | None = None
    tokens_out: Annotated[int, Field(ge=1)] | None = None
    cost_microusd: Annotated[int, Field(ge=0)] | None = None
    embargo_until: _Line | None = None
    compare: Compare | None = None
    scores_kept_days: Annotated[int, Field(ge=1, le=366)] | None = None
    factual_check_days: Annotated[int, Field(ge=0, le=90)] = 0


def parse(text: bytes) -> Terms:
    """Read a terms file. Raises InvalidInput with line and field of everything that is wrong."""
    source = marked_yaml.read(text)
    problems = [_said(*problem) for problem in source.problems]
    named = {path for _, path, _ in source.problems}
    try:
        terms = Terms.model_validate({} if source.value is None else source.value)
    except ValidationError as error:
        problems += [
            _said(source.line(path), path, item["msg"])
            for item in error.errors(include_url=False)
            for path in (".".join(str(part) for part in item["loc"]),)
            if path not in named
        ]
        raise InvalidInput(problems) from None
    if problems:
        raise InvalidInput(problems)
    return terms


def build(value: Mapping[str, object]) -> Terms:
    """Terms from plain values, as a form or a program gives them.

    Raises InvalidInput with the field of everything that is wrong, like
    `claim.decision.threshold`.
    """
    try:
        return Terms.model_validate(value)
    except ValidationError as error:
        raise InvalidInput(
            f"{'.'.join(str(part) for part in item['loc'])}: {_in_words(item)}"
            for item in error.errors(include_url=False, include_input=False)
        ) from None


def _in_words(item: Mapping[str, Any]) -> str:
    words = _WORDS.get(item["type"])
    return str(item["msg"]) if words is None else words.format_map(item.get("ctx", {}))


def _said(line: int, path: str, message: str) -> str:
    return f"terms:{line}: {path or 'file'}: {message}"
