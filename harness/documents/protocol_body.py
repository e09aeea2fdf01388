"""The sections of a protocol, put together; `protocol` adds the rules between them."""

from typing import Annotated, Literal

from harness.documents.fields import Part, Seen, doc
from harness.documents.protocol_release import Analysis, Disclosure
from harness.documents.protocol_run import BudgetTerms, HarnessTerms, SuiteTerms, System
from harness.documents.protocol_terms import (
    Claim,
    Evidence,
    Identity,
    Independence,
    Parties,
    Publication,
    SafeHarbour,
    Termination,
)


class Body(Part):
    """A protocol whose every field holds by itself."""

    schema_: Annotated[
        Literal["assay.protocol/1"],
        doc("Version of this schema", seen=Seen.PUBLIC, alias="schema"),
    ]
    identity: Annotated[Identity, doc("Which agreement this is", seen=Seen.PUBLIC)]
    parties: Annotated[Parties, doc("Who agrees, who runs it, who watches", seen=Seen.PUBLIC)]
    independence: Annotated[Independence, doc("Ties to know of", seen=Seen.PUBLIC)]
    claim: Annotated[Claim, doc("What the evaluation may be used to say", seen=Seen.PUBLIC)]
    system: Annotated[System, doc("The model under test")]
    suite: Annotated[SuiteTerms, doc("Which suite runs")]
    harness: Annotated[HarnessTerms, doc("How the suite may call the model")]
    budget: Annotated[BudgetTerms, doc("Hard caps")]
    analysis: Annotated[Analysis, doc("The figures of the report")]
    disclosure: Annotated[Disclosure, doc("What may leave, and when")]
    evidence: Annotated[Evidence, doc("What is kept")]
    publication: Annotated[
        Publication, doc("When and how the report becomes public", seen=Seen.PUBLIC)
    ]
    safe_harbour: Annotated[SafeHarbour, doc("Promises about traffic under this agreement")]
    termination: Annotated[Termination, doc("How the agreement ends early")]
