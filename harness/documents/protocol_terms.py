"""Sections of the protocol that people agree on: who, what for, and what follows."""

from typing import Annotated, Literal

from pydantic import AfterValidator

from harness.documents.fields import (
    CellId,
    Count,
    Decimal,
    Digest,
    Instant,
    Line,
    Lines,
    Name,
    Names,
    Part,
    Positive,
    Seen,
    Text,
    distinct,
    doc,
)

_PUBLIC = Seen.PUBLIC

Ground = Literal["security_hazard", "personal_data", "third_party_secret"]


class Identity(Part):
    """Which agreement this is."""

    id: Annotated[Name, doc("Name of the agreement, the same in all its versions", seen=_PUBLIC)]
    version: Annotated[Positive, doc("Counts the versions of this agreement from 1", seen=_PUBLIC)]
    parent: Annotated[
        Digest | None,
        doc("Digest of the version this one amends; null for version 1", seen=_PUBLIC),
    ]
    template: Annotated[
        Literal["capability", "safety", "comparison", "monitoring"],
        doc("Template the agreement was made from", seen=_PUBLIC),
    ]
    title: Annotated[Line, doc("Title of the evaluation", seen=_PUBLIC)]
    summary: Annotated[Text, doc("What is agreed, in plain language", seen=_PUBLIC)]


class Signer(Part):
    """An organisation that signs, and the person and key it signs with."""

    organisation: Annotated[Line, doc("Name of the organisation", seen=_PUBLIC)]
    person: Annotated[Line, doc("Person who answers for the signature", seen=_PUBLIC)]
    key_id: Annotated[Digest, doc("Digest of the DER public key that signs for it", seen=_PUBLIC)]


class Operator(Part):
    """The neutral body that runs Assay."""

    organisation: Annotated[Line, doc("Name of the organisation", seen=_PUBLIC)]


class Parties(Part):
    """Who agrees, who runs it, who watches."""

    auditor: Annotated[Signer, doc("Brings the suite and may start runs", seen=_PUBLIC)]
    vendor: Annotated[Signer, doc("Offers the model", seen=_PUBLIC)]
    operator: Annotated[Operator, doc("Runs the sandbox", seen=_PUBLIC)]
    observers: Annotated[Lines, doc("Regulators that may read along", seen=_PUBLIC)]


class Independence(Part):
    """Ties that a reader should know of."""

    funding: Annotated[Lines, doc("Who paid for the evaluation", seen=_PUBLIC)]
    payments: Annotated[
        Text, doc("Payments between the parties, none contingent on the result", seen=_PUBLIC)
    ]
    competitor_ties: Annotated[
        Lines, doc("The auditor's ties to competitors of the vendor", seen=_PUBLIC)
    ]
    prior_access: Annotated[
        Text, doc("Earlier access of either party to samples or model", seen=_PUBLIC)
    ]
    training_allowed: Annotated[Text, doc("Who may train on what", seen=_PUBLIC)]


class Decision(Part):
    """When the claim counts as met: not within `margin` of the threshold."""

    metric: Annotated[CellId, doc("Released metric that decides", seen=_PUBLIC)]
    threshold: Annotated[
        Decimal, doc("Value the metric is compared with", unit="the metric's", seen=_PUBLIC)
    ]
    margin: Annotated[
        Decimal,
        doc("Half width of the inconclusive zone", unit="the metric's", seen=_PUBLIC),
    ]


class Claim(Part):
    """What the evaluation may be used to say."""

    type: Annotated[
        Literal["capability", "safeguard", "comparison"], doc("Kind of claim", seen=_PUBLIC)
    ]
    sentence: Annotated[Line, doc("The claim in one sentence", seen=_PUBLIC)]
    intended_use: Annotated[Text, doc("What readers may conclude", seen=_PUBLIC)]
    out_of_scope: Annotated[Text, doc("What readers may not conclude", seen=_PUBLIC)]
    decision: Annotated[
        Decision | None, doc("Decision rule; null when nothing is decided", seen=_PUBLIC)
    ]


class Evidence(Part):
    """What is kept."""

    retention: Annotated[Literal["destroy"], doc("What happens to prompts and outputs")]
    scores_kept_days: Annotated[
        int | None,
        doc(
            "How long a released run's sums of scores are kept encrypted, so that this auditor's "
            "runs of other models over the same suite can be compared with it, each charged to "
            "this model's ledgers; null: not kept, not compared",
            unit="days",
            ge=1,
            le=366,
        ),
    ]
    report_kept_years: Annotated[
        int, doc("How long the report stays available", unit="years", ge=1, le=100)
    ]


class Publication(Part):
    """When and how the report becomes public. Silence is consent."""

    embargo_until: Annotated[
        Instant | None, doc("Hard end of the embargo; null for none", unit="UTC", seen=_PUBLIC)
    ]
    factual_check_days: Annotated[
        int,
        doc(
            "Vendor's time to point out errors, without a veto",
            unit="days",
            seen=_PUBLIC,
            ge=0,
            le=90,
        ),
    ]
    redaction_grounds: Annotated[
        tuple[Ground, ...],
        AfterValidator(distinct),
        doc("The only reasons for which a passage may be blacked out", seen=_PUBLIC),
    ]
    always_public: Annotated[
        Names, doc("Parts of the report that nothing may hold back", seen=_PUBLIC, min_length=1)
    ]


class SafeHarbour(Part):
    """What both sides promise about traffic under this agreement."""

    vendor_waiver: Annotated[Text, doc("What the vendor will not hold against the auditor")]
    auditor_duties: Annotated[Text, doc("What the auditor will not do with access")]


class Termination(Part):
    """How the agreement ends early."""

    grounds: Annotated[Lines, doc("Reasons for which a party may end it")]
    notice_days: Annotated[Count, doc("Time between notice and end", unit="days", le=365)]
