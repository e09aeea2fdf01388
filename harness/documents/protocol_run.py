"""Sections of the protocol that machines enforce: system, suite, harness, budget."""

import decimal
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from harness.documents.fields import (
    Decimal,
    Digest,
    Instant,
    Line,
    Name,
    Names,
    Part,
    Positive,
    Text,
    doc,
)

MOST_EPOCHS = 100


class System(Part):
    """The model under test."""

    model: Annotated[Line, doc("Public name of the model")]
    snapshot: Annotated[Line, doc("Version of the model that is evaluated")]
    api: Annotated[Literal["openai.chat_completions"], doc("How the model is called")]
    system_prompt: Annotated[
        Digest | None, doc("Digest of the vendor's own system prompt; null when it has none")
    ]
    parity: Annotated[Text, doc("How this deployment differs from the public one")]


Groups: TypeAlias = dict[Name, dict[Name, Positive]]


class SuiteTerms(Part):
    """Which suite runs, by digest."""

    digest: Annotated[Digest, doc("Digest of the suite's archive")]
    image: Annotated[Digest, doc("Id of the container image")]
    id: Annotated[Name, doc("Name of the suite")]
    version: Annotated[Line, doc("Version of the suite", max_length=32)]
    samples: Annotated[Positive, doc("Size of the suite", unit="samples")]
    groups: Annotated[
        Groups, doc("Size of every group, by dimension and label", unit="samples", max_length=2)
    ]
    licence: Annotated[Line, doc("Licence of the suite, as an SPDX expression")]
    contamination: Annotated[Text, doc("What is known about samples in training data")]


def _kind(value: Any) -> str | None:
    # One answer instead of one complaint per member of the union. A bool is no int here.
    names = {int: "integer", str: "decimal", list: "strings", tuple: "strings"}
    return names.get(type(value))


Value: TypeAlias = Annotated[
    Annotated[Annotated[int, Field(ge=-(2**53) + 1, le=2**53 - 1)], Tag("integer")]
    | Annotated[Decimal, Tag("decimal")]
    | Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=64)], ...],
        Field(min_length=1, max_length=8),
        Tag("strings"),
    ],
    Discriminator(
        _kind,
        custom_error_type="value",
        custom_error_message="must be an integer, a decimal string or a list of strings",
    ),
]


class Exact(Part):
    """A sampling parameter with one agreed value."""

    exact: Annotated[Value, doc("The value; fractional numbers are decimal strings")]


class Range(Part):
    """A sampling parameter that the suite may choose within bounds."""

    min: Annotated[Decimal, doc("Least value allowed")]
    max: Annotated[Decimal, doc("Greatest value allowed")]
    default: Annotated[Decimal, doc("Value sent when the suite names none")]

    @model_validator(mode="after")
    def _ordered(self) -> "Range":
        low, high = decimal.Decimal(self.min), decimal.Decimal(self.max)
        if not low <= decimal.Decimal(self.default) <= high:
            raise PydanticCustomError("range", "must hold min <= default <= max")
        return self


def _shape(value: Any) -> str | None:
    if isinstance(value, Exact | Range):
        return "exact" if isinstance(value, Exact) else "range"
    if not isinstance(value, dict):
        return None
    return "exact" if "exact" in value else "range"


Parameter: TypeAlias = Annotated[
    Annotated[Exact, Tag("exact")] | Annotated[Range, Tag("range")],
    Discriminator(
        _shape,
        custom_error_type="parameter",
        custom_error_message="must be {exact} or {min, max, default}",
    ),
]


class LimitTerms(Part):
    """What each container of a run may use at most; enforced by the kernel."""

    memory_mib: Annotated[Positive, doc("Memory, all that is written included", unit="MiB")]
    cpus: Annotated[Positive, doc("Processors", unit="processors")]
    processes: Annotated[Positive, doc("Processes and threads at one time", unit="processes")]
    scratch_mib: Annotated[Positive, doc("Each of two places to write to", unit="MiB")]
    shm_mib: Annotated[Positive, doc("Shared memory", unit="MiB")]
    cpu_seconds: Annotated[Positive, doc("Processor time of one process", unit="seconds")]


class HarnessTerms(Part):
    """How the suite may call the model."""

    parameters: Annotated[
        dict[Name, Parameter],
        doc("Sampling parameters, exact or in a range; any other is refused", max_length=32),
    ]
    epochs: Annotated[int, doc("Times that each sample is asked", ge=1, le=MOST_EPOCHS)]
    roles: Annotated[
        Names, doc("Names by which the suite calls the model", min_length=1, max_length=8)
    ]
    request_timeout_s: Annotated[
        int, doc("Time allowed for one call of the model", unit="seconds", ge=1, le=3600)
    ]
    retries: Annotated[
        int, doc("Further attempts after a failed call, within the budget", ge=0, le=20)
    ]
    phases: Annotated[
        Literal["joined", "separate"], doc("Whether scoring happens while generating")
    ]
    scorer_mode: Annotated[Literal["declarative", "isolated"], doc("Whose code sees the outputs")]
    limits: Annotated[LimitTerms, doc("Limits of each container, as the suite asks for them")]


class Price(Part):
    """What the vendor charges."""

    in_microusd_per_mtok: Annotated[
        int, doc("Price of prompts", unit="micro-USD per million tokens", ge=0, le=2**53 - 1)
    ]
    out_microusd_per_mtok: Annotated[
        int, doc("Price of replies", unit="micro-USD per million tokens", ge=0, le=2**53 - 1)
    ]


class Window(Part):
    """When runs may happen."""

    start: Annotated[Instant, doc("First moment at which a run may start", unit="UTC")]
    end: Annotated[Instant, doc("Last moment of any model call", unit="UTC")]


Seconds: TypeAlias = Annotated[int, Field(ge=1, le=366 * 86_400)]


class BudgetTerms(Part):
    """Hard caps. All but `runs` hold for one run."""

    requests: Annotated[Positive, doc("Calls of the model, retries included", unit="calls")]
    tokens_in: Annotated[Positive, doc("Tokens of all prompts", unit="tokens")]
    tokens_out: Annotated[Positive, doc("Tokens of all replies", unit="tokens")]
    cost_microusd: Annotated[
        int, doc("Cost at the prices below", unit="micro-USD", ge=0, le=2**53 - 1)
    ]
    price: Annotated[Price, doc("Prices the cost is counted with")]
    concurrency: Annotated[
        int, doc("Calls in flight at the vendor at one time", unit="calls", ge=1, le=1024)
    ]
    runs: Annotated[
        int, doc("Runs that may be reserved, refunded ones not counted", unit="runs", ge=1, le=1000)
    ]
    run_wall_clock_s: Annotated[Seconds, doc("Longest duration of a run", unit="seconds")]
    start_within_s: Annotated[
        Seconds, doc("Time from reservation in which a run must start", unit="seconds")
    ]
    window: Annotated[Window, doc("When runs may happen")]
