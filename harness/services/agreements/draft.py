"""Drafting a protocol: what follows from suite, model and terms is filled in, not typed."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from evals import manifest, wire
from evals.manifest import Manifest
from harness.disclosure import bits, cells, privacy
from harness.disclosure.accountant import Caps
from harness.disclosure.bits import Policy, Release
from harness.disclosure.privacy import Privacy
from harness.documents import protocol as protocol_document
from harness.documents import suite as suite_document
from harness.documents.canonical import CanonicalError
from harness.documents.fields import instant_text
from harness.documents.problems import DocumentInvalid
from harness.errors import InvalidInput, NotFound
from harness.records import parties, suites
from harness.services.access import Actor
from harness.services.agreements import compared as pairing
from harness.services.agreements import preview, shape
from harness.services.agreements.terms import Terms
from harness.services.platform import noise, wanted
from harness.services.platform.opening import Platform

# Room above what the suite says it needs: retries are attempts of the budget too.
_HEADROOM_PERCENT: Final = 125


def draft(
    session: Session, opened: Platform, actor: Actor, suite: suites.Suite, model: str, terms: Terms
) -> bytes:
    """The bytes of a protocol that can be proposed. Raises InvalidInput with every problem."""
    target = parties.model(session, model)
    if target is None:
        raise NotFound(f"no model named {model}; see `assay model list`")
    parsed = manifest.parse(suite.manifest)
    image = wanted.newest(session, parsed.runtime)
    compared, differences = pairing.chosen(
        session,
        terms.compare,
        shape.cells_of(parsed),
        auditor=actor.organisation,
        suite=suite.digest,
        model=target.name,
    )
    value = {
        "schema": protocol_document.SCHEMA,
        "identity": {
            "id": f"p{secrets.token_hex(8)}",
            "version": 1,
            "parent": None,
            "template": terms.template,
            "title": terms.title or f"{parsed.title}: {target.name}",
            "summary": terms.summary or parsed.summary,
        },
        "parties": {
            "auditor": _signer(session, actor.organisation, terms.person),
            "vendor": _signer(session, target.vendor, terms.vendor_person),
            "operator": {"organisation": opened.settings.operator},
            "observers": list(terms.observers),
        },
        "independence": terms.independence.model_dump(),
        "claim": {
            **terms.claim.model_dump(),
            "sentence": terms.claim.sentence
            or f"How {target.name} does on {parsed.title}, version {parsed.version}",
        },
        "system": {
            "model": target.name,
            "snapshot": target.snapshot,
            "api": "openai.chat_completions",
            "system_prompt": None,
            "parity": "as registered by the vendor",
        },
        "suite": {
            "digest": suite.digest,
            "image": image.id,
            "id": parsed.id,
            "version": parsed.version,
            "samples": len(parsed.samples),
            "groups": suite_document.group_sizes(parsed),
            "licence": parsed.licence,
            "contamination": terms.contamination,
        },
        "harness": {
            "parameters": {name: _exact(item) for name, item in parsed.generation.items()},
            "epochs": terms.epochs,
            "roles": list(parsed.needs.roles),
            "request_timeout_s": terms.request_timeout_s,
            "retries": terms.retries,
            "phases": parsed.phases,
            "scorer_mode": parsed.scorer_mode,
            "limits": parsed.limits._asdict(),
        },
        "budget": _budget(parsed, target, terms, opened.clock()),
        **_analysis(parsed, terms, compared, differences),
        "evidence": {
            "retention": "destroy",
            "scores_kept_days": terms.scores_kept_days,
            "report_kept_years": 10,
        },
        "publication": {
            "embargo_until": terms.embargo_until,
            "factual_check_days": terms.factual_check_days,
            "redaction_grounds": ["security_hazard", "personal_data", "third_party_secret"],
            "always_public": ["attempts", "outcome", "protocol"],
        },
        "safe_harbour": {
            "vendor_waiver": "traffic within this protocol breaks no terms of service, and "
            "leads to no suspension of an account",
            "auditor_duties": "no extraction of the model, no training on its outputs, hazards "
            "first to the vendor",
        },
        "termination": {"grounds": ["breach of this protocol", "legal order"], "notice_days": 0},
    }
    try:
        return protocol_document.build(value)
    except DocumentInvalid as error:
        raise InvalidInput(f"protocol: {problem}" for problem in error.problems) from None
    except CanonicalError as error:
        raise InvalidInput(f"protocol: {error}") from None


def _signer(session: Session, name: str, person: str) -> dict[str, object]:
    keys = [key for key in parties.keys_of(session, name) if key.invalid_from is None]
    if not keys:
        raise InvalidInput(f"{name} has no valid key; add one before proposing")
    return {"organisation": name, "person": person, "key_id": keys[-1].key_id}


def _exact(value: wire.Parameter) -> dict[str, object]:
    return {"exact": value}


def _budget(parsed: Manifest, target: parties.Model, terms: Terms, now: float) -> dict[str, object]:
    per_run = len(parsed.samples) * terms.epochs
    tokens_in = terms.tokens_in or _room(per_run * parsed.needs.tokens_in_per_sample)
    tokens_out = terms.tokens_out or _room(per_run * parsed.needs.tokens_out_per_sample)
    ceiling = -(-(tokens_in * target.price_in + tokens_out * target.price_out) // 1_000_000)
    start = datetime.fromtimestamp(int(now), UTC)
    return {
        "requests": terms.requests or _room(per_run * parsed.needs.requests_per_sample),
        "tokens_in": tokens_in,
        "tokens_out": tokens_out,
        "cost_microusd": ceiling if terms.cost_microusd is None else terms.cost_microusd,
        "price": {
            "in_microusd_per_mtok": target.price_in,
            "out_microusd_per_mtok": target.price_out,
        },
        "concurrency": terms.concurrency,
        "runs": terms.runs,
        "run_wall_clock_s": terms.run_wall_clock_s,
        "start_within_s": terms.start_within_s,
        "window": {
            "start": instant_text(start),
            "end": instant_text(start + timedelta(days=terms.window_days)),
        },
    }


def _room(need: int) -> int:
    return need * _HEADROOM_PERCENT // 100 + 10


def _analysis(
    parsed: Manifest,
    terms: Terms,
    compared: dict[str, object] | None,
    differences: tuple[cells.Cell, ...],
) -> dict[str, object]:
    declared, dp = (*shape.cells_of(parsed), *differences), terms.dp
    agreed = None if dp is None else Privacy(privacy.amount(dp.epsilon_per_record), terms.epochs)
    policy = Policy(
        release=Release(terms.release),
        window_s=terms.start_within_s + terms.run_wall_clock_s,
        grid_s=terms.grid_s,
        buckets=terms.completeness == "buckets",
        privacy=agreed,
    )
    caps = Caps(terms.bits_cap, terms.ledger_pair, terms.ledger_owner_group, terms.ledger_model)
    broken = shape.rule_problems(declared, parsed, terms.epochs, policy, caps)
    if agreed is not None and not noise.available():
        broken.append(f"dp: {noise.MISSING}")
    if broken:
        raise InvalidInput(broken)
    alphabet = bits.report_alphabet(declared, policy)
    return {
        "analysis": {
            "primary": parsed.primary,
            "metrics": [cells.to_entry(cell) for cell in declared],
            "compared": compared,
        },
        "disclosure": {
            "completeness": terms.completeness,
            "identity_verdict": False,
            "deviations": [],
            "release": {"mode": terms.release, "grid_s": terms.grid_s},
            "alphabet": str(alphabet),
            "bits": bits.text(bits.microbits(alphabet)),
            "bits_cap": terms.bits_cap,
            "ledger": {
                "pair": terms.ledger_pair,
                "owner_group": terms.ledger_owner_group,
                "model": terms.ledger_model,
            },
            "differential_privacy": shape.privacy_entry(
                declared, agreed, 0 if dp is None else privacy.amount(dp.epsilon_cap)
            ),
            "error_detail": "none",
            "preview": preview.example_digest(declared, terms.epochs, noised=agreed is not None),
        },
    }
