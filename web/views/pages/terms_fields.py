"""The fields of the form in which an auditor chooses terms: labels, help, units, in sections.

docs/terms.md has the same fields for a file; a test holds the two in step.
"""

from dataclasses import dataclass
from typing import Final

Options = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Field:
    """One field, named like its path in the terms.

    `kind` is how it is typed: line, text, lines (one a line), whole, decimal, choice, day,
    dollars, or metric (one of the suite's figures).
    """

    name: str
    label: str
    help: str
    kind: str = "line"
    unit: str = ""
    options: Options = ()


@dataclass(frozen=True, slots=True)
class Section:
    """Fields that belong together; `more` are those that most people leave as they are."""

    title: str
    lead: str
    fields: tuple[Field, ...]
    more: tuple[Field, ...] = ()


CLAIM: Final = Section(
    "What is claimed",
    "One sentence that a reader of the report can hold you to, and when it counts as met.",
    (
        Field("title", "Title", "Shown on every page about this evaluation."),
        Field(
            "claim.sentence",
            "The claim, in one sentence",
            "Say what the model does on this suite, not what it is. The report repeats it word "
            "for word.",
        ),
        Field(
            "claim.decision.metric",
            "The figure that decides",
            "The claim is met when this figure reaches the threshold. Without one, the report "
            "shows figures and decides nothing.",
            "metric",
        ),
        Field(
            "claim.decision.threshold",
            "Threshold",
            "The least value at which the claim is met, on the figure's own scale: 0.8 for 80 % "
            "of the samples.",
            "decimal",
        ),
        Field(
            "claim.decision.margin",
            "Inconclusive zone",
            "Closer to the threshold than this, either way, the report says inconclusive. Empty: "
            "0, none.",
            "decimal",
        ),
    ),
    (
        Field("summary", "Summary", "What is agreed, in plain language.", "text"),
        Field(
            "template",
            "Kind of agreement",
            "For readers only.",
            "choice",
            options=(
                ("capability", "Capability"),
                ("safety", "Safety"),
                ("comparison", "Comparison"),
                ("monitoring", "Monitoring"),
            ),
        ),
        Field(
            "claim.type",
            "Kind of claim",
            "Whether it is about what the model can do, what it refuses, or how it compares.",
            "choice",
            options=(
                ("capability", "Capability"),
                ("safeguard", "Safeguard"),
                ("comparison", "Comparison"),
            ),
        ),
        Field("claim.intended_use", "What readers may conclude", "", "text"),
        Field("claim.out_of_scope", "What readers may not conclude", "", "text"),
    ),
)

PEOPLE: Final = Section(
    "Who answers for it",
    "Names of people, not of accounts. They stand in the agreement.",
    (
        Field("person", "For you, the auditor", "Who answers for your signature."),
        Field("vendor_person", "For the vendor", "Who answers for the vendor's signature."),
    ),
    (
        Field(
            "observers",
            "Observers",
            "Regulators that may read along, one a line.",
            "lines",
        ),
    ),
)

RUNS: Final = Section(
    "Runs",
    "Each run asks the model every sample and ends in one report. Every attempt is counted in "
    "public, also one that fails.",
    (
        Field("runs", "Runs", "How many runs you may start, 1 to 20.", "whole", "runs"),
        Field(
            "window_days",
            "Open for",
            "How long from now runs may happen, 1 to 366 days. The vendor signs in this time, too.",
            "whole",
            "days",
        ),
        Field(
            "run_wall_clock_s",
            "Longest duration of a run",
            "1800 seconds are half an hour. The operator caps it.",
            "whole",
            "seconds",
        ),
        Field(
            "epochs",
            "Times that each sample is asked",
            "1 to 20. More gives steadier figures and costs as much more.",
            "whole",
            "times",
        ),
    ),
    (
        Field(
            "start_within_s",
            "Start within",
            "A run that has not started by then is given back.",
            "whole",
            "seconds",
        ),
        Field(
            "concurrency",
            "Calls at one time",
            "Calls in flight at the vendor, 1 to 256.",
            "whole",
            "calls",
        ),
        Field(
            "request_timeout_s",
            "Time for one call",
            "1 to 600 seconds.",
            "whole",
            "seconds",
        ),
        Field(
            "retries",
            "Further attempts after a failed call",
            "0 to 10; they count against the caps below.",
            "whole",
            "attempts",
        ),
    ),
)

CAPS: Final = Section(
    "Caps of one run",
    "The gateway stops a run that reaches one of them. Empty: what the suite says it needs, and a "
    "quarter more for retries.",
    (
        Field(
            "cost_microusd",
            "Cost",
            "Empty: both token caps at the model's prices.",
            "dollars",
            "US dollars",
        ),
    ),
    (
        Field("requests", "Calls", "Retries included.", "whole", "calls"),
        Field("tokens_in", "Tokens sent", "All prompts together.", "whole", "tokens"),
        Field("tokens_out", "Tokens received", "All replies together.", "whole", "tokens"),
    ),
)

RELEASE: Final = Section(
    "What a report may tell",
    "A report is one of a finite list of reports. The length of that list, in bits, bounds what it "
    "can give away, whatever the suite does.",
    (
        Field(
            "release",
            "When the report appears",
            "At a time that is fixed when the run is started, its arrival tells nothing. At the "
            "end of the run it comes sooner, and costs bits.",
            "choice",
            options=(("fixed", "At a fixed time"), ("on_completion", "Soon after the end")),
        ),
        Field(
            "bits_cap",
            "Most that one report may tell",
            "1 to 4096 bits. A suite whose reports need more is refused.",
            "whole",
            "bits",
        ),
    ),
    (
        Field(
            "compare.protocol",
            "Compare with the agreement",
            "The id of another of your agreements, over the same suite and about another model, "
            "that lets its scores be kept. Empty: none.",
        ),
        Field(
            "compare.metrics",
            "Figures to compare",
            "Shares and means of scores, one a line. Each difference is charged to both models.",
            "lines",
        ),
        Field(
            "scores_kept_days",
            "Keep this model's scores for a comparison",
            "1 to 366 days after a report, encrypted, for runs of other models of yours. Empty: "
            "not kept.",
            "whole",
            "days",
        ),
        Field(
            "grid_s",
            "Distance between two release times",
            "1 to 86400 seconds. Wider costs fewer bits when a report appears after the end.",
            "whole",
            "seconds",
        ),
        Field(
            "completeness",
            "Share of answered samples",
            "In two steps it costs one bit; below 95 % a run counts as failed.",
            "choice",
            options=(("hidden", "Not shown"), ("buckets", "Shown in two steps")),
        ),
        Field(
            "dp.epsilon_per_record",
            "Noise: epsilon for each sample",
            "Differential privacy, 0.001 to 10: less is more noise. It hides what one sample "
            "said, and every figure becomes less exact. Empty: no noise.",
            "decimal",
            "epsilon",
        ),
        Field(
            "dp.epsilon_cap",
            "A year's cap on epsilon",
            "Most that all your reports with noise about this model may spend in 365 days.",
            "decimal",
            "epsilon",
        ),
        Field(
            "ledger_pair",
            "A year's cap for you",
            "Most that all reports of 365 days may tell you about this model.",
            "whole",
            "bits",
        ),
        Field(
            "ledger_owner_group",
            "A year's cap for your owner's organisations",
            "The same for all auditors with one owner together.",
            "whole",
            "bits",
        ),
        Field(
            "ledger_model",
            "A year's cap for everybody",
            "The same for all auditors of this model together.",
            "whole",
            "bits",
        ),
    ),
)

INDEPENDENCE: Final = Section(
    "Independence",
    "Ties that a reader of the report should know of. They are published with it.",
    (
        Field(
            "independence.funding",
            "Who paid for the evaluation",
            "One a line. Empty: nobody but you.",
            "lines",
        ),
        Field("independence.payments", "Payments between you and the vendor", ""),
        Field(
            "independence.competitor_ties",
            "Your ties to competitors of the vendor",
            "One a line. Empty: none.",
            "lines",
        ),
    ),
    (
        Field(
            "independence.prior_access",
            "Earlier access",
            "Of either side to samples or model.",
        ),
        Field("independence.training_allowed", "Who may train on what", ""),
        Field(
            "contamination",
            "Samples in training data",
            "What is known about samples that the model may have been trained on.",
            "text",
        ),
    ),
)

PUBLICATION: Final = Section(
    "Publication",
    "Nobody can hold a report back once it is there: the vendor approves its shape, never its "
    "figures.",
    (
        Field(
            "factual_check_days",
            "The vendor's time to point out errors",
            "0 to 90 days, without a veto.",
            "whole",
            "days",
        ),
        Field(
            "embargo_until",
            "Embargo until",
            "Hard end of an embargo, at 00:00 UTC of that day, not before the runs are over. "
            "Empty: none.",
            "day",
        ),
    ),
)

SECTIONS: Final = (CLAIM, PEOPLE, RUNS, CAPS, RELEASE, INDEPENDENCE, PUBLICATION)
FIELDS: Final = {
    field.name: field for section in SECTIONS for field in (*section.fields, *section.more)
}
LABELS: Final = {name: field.label for name, field in FIELDS.items()}
