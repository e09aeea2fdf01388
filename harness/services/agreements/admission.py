"""Admission of a proposed protocol: it must agree with what is registered, field by field.

Every figure that the proposer's program computed is computed again here; nothing is taken over.
"""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from evals import manifest
from evals.manifest import Manifest
from harness.disclosure import bits, cells, privacy
from harness.documents import suite as suite_document
from harness.documents.protocol import Protocol
from harness.errors import InvalidInput
from harness.records import parties, platform, suites
from harness.services.agreements import compared, preview, shape, versions
from harness.services.platform import caps, noise, wanted
from harness.services.platform.opening import Platform


def judge(session: Session, opened: Platform, protocol: Protocol) -> None:
    """Raise InvalidInput with every reason why this protocol cannot be proposed."""
    suite = suites.get(session, protocol.suite.digest)
    if suite is None or suite.auditor != protocol.parties.auditor.organisation:
        raise InvalidInput("suite.digest: no suite of this auditor has it; submit the suite first")
    parsed = manifest.parse(suite.manifest)
    problems = [
        *_parties(session, opened, protocol),
        *_suite(session, protocol, parsed),
        *_limits(opened, protocol, parsed),
        *_completeness(protocol, parsed),
        *_disclosure(protocol, parsed),
        *compared.problems(session, protocol),
        *versions.problems(session, suite.digest, suite.auditor, protocol.system.model),
    ]
    if problems:
        raise InvalidInput(problems)


def _payable(protocol: Protocol, microbits: int) -> Iterator[str]:
    """A ledger whose whole cap cannot pay for one report could never be charged."""
    least = -(-microbits // bits.MICRO)
    for name, cap in protocol.disclosure.ledger.model_dump().items():
        if cap < least:
            yield f"disclosure.ledger.{name}: one report needs {least} bits, the cap is {cap}"


def _parties(session: Session, opened: Platform, protocol: Protocol) -> Iterator[str]:
    named = protocol.parties
    model = parties.model(session, protocol.system.model)
    if model is None or model.vendor != named.vendor.organisation:
        yield "system.model: this vendor has no model of that name"
    elif model.snapshot != protocol.system.snapshot:
        yield f"system.snapshot: the registered snapshot is {model.snapshot}"
    elif (model.price_in, model.price_out) != (
        protocol.budget.price.in_microusd_per_mtok,
        protocol.budget.price.out_microusd_per_mtok,
    ):
        yield "budget.price: not the registered price of the model"
    for role, party in (("auditor", named.auditor), ("vendor", named.vendor)):
        key = parties.key(session, party.key_id)
        if key is None or key.organisation != party.organisation or key.invalid_from is not None:
            yield f"parties.{role}.key_id: not a valid key of {party.organisation}"
    if named.operator.organisation != opened.settings.operator:
        yield f"parties.operator: this server is run by {opened.settings.operator}"
    organisations = [
        parties.organisation(session, name)
        for name in (named.auditor.organisation, named.vendor.organisation)
    ]
    groups = [row.owner_group for row in organisations if row is not None]
    if len(set(groups)) < len(organisations):
        yield "parties: auditor and vendor must be registered and have different owners"


def _suite(session: Session, protocol: Protocol, parsed: Manifest) -> Iterator[str]:
    terms = protocol.suite
    expected = {
        "id": parsed.id,
        "version": parsed.version,
        "samples": len(parsed.samples),
        "licence": parsed.licence,
        "groups": suite_document.group_sizes(parsed),
    }
    for name, value in expected.items():
        if getattr(terms, name) != value:
            yield f"suite.{name}: the suite's own is {value}"
    yield from wanted.mismatch(platform.image(session, terms.image), parsed.runtime)
    if protocol.harness.phases != parsed.phases:
        yield f"harness.phases: the suite's own is {parsed.phases}"
    if protocol.harness.scorer_mode != parsed.scorer_mode:
        yield f"harness.scorer_mode: the suite's own is {parsed.scorer_mode}"
    if not set(protocol.harness.roles) >= set(parsed.needs.roles):
        yield "harness.roles: the suite needs " + ", ".join(parsed.needs.roles)
    for name in parsed.generation:
        if name not in protocol.harness.parameters:
            yield f"harness.parameters.{name}: the suite sends it, so it must be agreed"


def _limits(opened: Platform, protocol: Protocol, parsed: Manifest) -> Iterator[str]:
    own = parsed.limits._asdict()
    if protocol.harness.limits.model_dump() != own:
        stated = ", ".join(f"{name} {value}" for name, value in own.items())
        yield f"harness.limits: the suite's own are {stated}"
    yield from (f"harness.{problem}" for problem in caps.over(parsed.limits, opened.settings))
    cap = opened.settings.max_wall_clock_s
    if protocol.budget.run_wall_clock_s > cap:
        yield f"budget.run_wall_clock_s: this operator allows at most {cap}"


def _completeness(protocol: Protocol, parsed: Manifest) -> Iterator[str]:
    """Failed calls stand for failed samples only where a sample is one call."""
    one_call = protocol.harness.epochs == 1 and parsed.needs.requests_per_sample == 1
    if protocol.disclosure.completeness == "buckets" and not one_call:
        yield "disclosure.completeness: buckets need one epoch and one request per sample"


def _disclosure(protocol: Protocol, parsed: Manifest) -> Iterator[str]:
    declared = shape.declared_cells(protocol)
    available = {cell.id: cell for cell in shape.cells_of(parsed)}
    differences = [cells.difference(c) for c in available.values() if c.kind in cells.COMPARED]
    available |= {cell.id: cell for cell in differences if protocol.analysis.compared}
    for index, cell in enumerate(declared):
        known = available.get(cell.id)
        # The unit may be chosen anew in the protocol; everything else is the suite's.
        if known is None or cells.to_entry(known) | {"unit": cell.unit} != cells.to_entry(cell):
            yield f"analysis.metrics[{index}]: the suite declares no such aggregate"
    broken = shape.rule_problems(
        declared,
        parsed,
        protocol.harness.epochs,
        shape.policy_of(protocol),
        shape.caps_of(protocol),
    )
    if broken:
        yield from broken
        return
    alphabet = shape.alphabet_of(protocol)
    yield from _payable(protocol, bits.microbits(alphabet))
    if protocol.disclosure.alphabet != str(alphabet):
        yield f"disclosure.alphabet: is {alphabet}"
    expected = bits.text(bits.microbits(alphabet))
    if protocol.disclosure.bits != expected:
        yield f"disclosure.bits: are {expected}"
    agreed = protocol.disclosure.differential_privacy
    if agreed is not None:
        cap = privacy.amount(agreed.epsilon_cap)
        expected_noise = shape.privacy_entry(declared, shape.privacy_of(protocol), cap)
        if agreed.model_dump(mode="json") != expected_noise:
            yield "disclosure.differential_privacy.figures: not the scales and errors of epsilon"
        if not noise.available():
            yield f"disclosure.differential_privacy: {noise.MISSING}"
    noised, epochs = agreed is not None, protocol.harness.epochs
    if protocol.disclosure.preview != preview.example_digest(declared, epochs, noised=noised):
        yield "disclosure.preview: not the digest of the example report of these metrics"
