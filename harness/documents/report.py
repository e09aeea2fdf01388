"""The report: one symbol of the alphabet that its protocol fixed, written out for readers.

Every figure is a function of the protocol and the released levels. Fractional figures are
decimal strings.
"""

from pydantic import model_validator

from harness.documents import canonical, problems, report_rules
from harness.documents.report_body import Body


class Report(Body):
    """A report whose every field and rule holds."""

    @model_validator(mode="after")
    def _rules(self) -> "Report":
        problems.refuse(report_rules.problems(self))
        return self

    def to_bytes(self) -> bytes:
        """Encode as canonical JSON: the bytes that `parse` read."""
        return canonical.dumps(self.model_dump(mode="json", by_alias=True))


def parse(data: bytes) -> Report:
    """Read a report from its canonical bytes. Raises DocumentInvalid with every problem."""
    return problems.read(Report, data)


def build(value: object) -> bytes:
    """Encode plain values as a report's canonical bytes, checked.

    Raises CanonicalError for values outside canonical JSON, DocumentInvalid for a broken rule.
    """
    data = canonical.dumps(value)
    parse(data)
    return data
