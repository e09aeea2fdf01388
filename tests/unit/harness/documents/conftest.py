"""One valid protocol, report and set of statements; tests change them at single points."""

import copy

import pytest


def digest(letter):
    return "sha256:" + letter * 64


def _metric(name, kind, metric, n, **more):
    base = {"lo": 0, "hi": 1, "labels": [], "unit": 5, "group": None}
    return {"id": name, "kind": kind, "metric": metric, "n": n, **base, **more}


PROTOCOL = {
    "schema": "assay.protocol/1",
    "identity": {
        "id": "words_2026",
        "version": 1,
        "parent": None,
        "template": "capability",
        "title": "Arithmetic in words",
        "summary": "Can the model do sums that are written out?\nNothing else is asked.",
    },
    "parties": {
        "auditor": {
            "organisation": "University of the North",
            "person": "Dr. Ada Berg",
            "key_id": digest("a"),
        },
        "vendor": {"organisation": "Vendor AG", "person": "Max Muster", "key_id": digest("b")},
        "operator": {"organisation": "Assay e.V."},
        "observers": ["Office for AI"],
    },
    "independence": {
        "funding": ["Research council"],
        "payments": "none",
        "competitor_ties": [],
        "prior_access": "none",
        "training_allowed": "nobody",
    },
    "claim": {
        "type": "capability",
        "sentence": "The model solves at least 70 % of the sums.",
        "intended_use": "Compare with later versions.",
        "out_of_scope": "Mathematics in general.",
        "decision": {"metric": "accuracy", "threshold": "0.7", "margin": "0.05"},
    },
    "system": {
        "model": "words-1",
        "snapshot": "2026-10-01",
        "api": "openai.chat_completions",
        "system_prompt": None,
        "parity": "same as public",
    },
    "suite": {
        "digest": digest("c"),
        "image": digest("d"),
        "id": "arithmetic_words",
        "version": "1.0.0",
        "samples": 100,
        "groups": {"operation": {"add": 60, "divide": 40}},
        "licence": "Apache-2.0",
        "contamination": "not known",
    },
    "harness": {
        "parameters": {
            "temperature": {"exact": "0.0"},
            "max_tokens": {"exact": 64},
            "stop": {"exact": ["\n\n"]},
            "top_p": {"min": "0.5", "max": "1", "default": "0.9"},
        },
        "epochs": 1,
        "roles": ["target"],
        "request_timeout_s": 60,
        "retries": 3,
        "phases": "joined",
        "scorer_mode": "declarative",
        "limits": {
            "memory_mib": 512,
            "cpus": 1,
            "processes": 64,
            "scratch_mib": 64,
            "shm_mib": 16,
            "cpu_seconds": 3600,
        },
    },
    "budget": {
        "requests": 400,
        "tokens_in": 100_000,
        "tokens_out": 50_000,
        "cost_microusd": 1_000_000,
        "price": {"in_microusd_per_mtok": 150_000, "out_microusd_per_mtok": 600_000},
        "concurrency": 8,
        "runs": 3,
        "run_wall_clock_s": 900,
        "start_within_s": 600,
        "window": {"start": "2026-11-01T00:00:00Z", "end": "2026-12-01T00:00:00Z"},
    },
    "analysis": {
        "primary": "accuracy",
        "metrics": [
            _metric("accuracy", "proportion", "correct", 100),
            _metric(
                "accuracy.add",
                "proportion",
                "correct",
                60,
                group={"dimension": "operation", "label": "add"},
            ),
            _metric("outcome", "histogram", "kind", 100, hi=2, labels=["right", "wrong", "none"]),
            _metric("steps", "bounded_mean", "steps", 100, lo=-2, hi=10, unit=10),
        ],
        "compared": None,
    },
    "disclosure": {
        "completeness": "hidden",
        "identity_verdict": False,
        "deviations": [],
        "release": {"mode": "fixed", "grid_s": 60},
        "alphabet": "693694",
        "bits": "19.404",
        "bits_cap": 64,
        "ledger": {"pair": 512, "owner_group": 1024, "model": 4096},
        "differential_privacy": None,
        "error_detail": "none",
        "preview": digest("e"),
    },
    "evidence": {"retention": "destroy", "scores_kept_days": None, "report_kept_years": 10},
    "publication": {
        "embargo_until": "2027-01-01T00:00:00Z",
        "factual_check_days": 14,
        "redaction_grounds": ["security_hazard"],
        "always_public": ["attempt_line", "parties"],
    },
    "safe_harbour": {
        "vendor_waiver": "No action over traffic within this protocol.",
        "auditor_duties": "No extraction, no training.",
    },
    "termination": {"grounds": ["breach of this protocol"], "notice_days": 7},
}

REPORT = {
    "schema": "assay.report/1",
    "protocol": digest("f"),
    "run": {
        "id": "0a1b2c3d4e5f6071",
        "ordinal": 2,
        "of": 3,
        "attempt_line": [
            {"ordinal": 1, "outcome": "FAILED"},
            {"ordinal": 2, "outcome": "RELEASED"},
            {"ordinal": 3, "outcome": "PENDING"},
        ],
    },
    "suite": digest("c"),
    "image": digest("d"),
    "model": {"vendor": "Vendor AG", "model": "words-1", "snapshot": "2026-10-01"},
    "claim": {"sentence": "The model solves at least 70 % of the sums.", "verdict": "met"},
    "metrics": [
        {
            "id": "accuracy",
            "kind": "proportion",
            "group": None,
            "n": 100,
            "unit": 5,
            "level": 17,
            "shown": "0.850",
            "interval": {
                "low": "0.742",
                "high": "0.922",
                "method": "wilson",
                "confidence": "0.95",
            },
        },
        {
            "id": "accuracy.add",
            "kind": "proportion",
            "group": {"dimension": "operation", "label": "add"},
            "n": 60,
            "unit": 5,
            "level": 12,
            "shown": "1.000",
            "interval": None,
        },
        {
            "id": "outcome",
            "kind": "histogram",
            "group": None,
            "n": 100,
            "unit": 5,
            "levels": [17, 2, 1],
            "shown": {"right": "0.850", "wrong": "0.100", "none": "0.050"},
            "interval": None,
        },
        {
            "id": "steps",
            "kind": "bounded_mean",
            "group": None,
            "n": 100,
            "unit": 10,
            "level": 0,
            "shown": "-2.000",
            "interval": None,
        },
    ],
    "compared": None,
    "completeness": None,
    "disclosure": {
        "alphabet": "693694",
        "bits": "19.404",
        "pair_total_bits": "38.808",
        "pair_cap_bits": "512",
    },
    "verified": [{"what": "no network", "status": "attested", "note": "probed in the container"}],
    "selftest": digest("1"),
    "deviations": [],
    "scorer_mode": "declarative",
    "phases": "joined",
    "released_at": "2026-11-20T12:00:00Z",
    "grant": digest("2"),
}


@pytest.fixture
def protocol_value():
    return copy.deepcopy(PROTOCOL)


@pytest.fixture
def report_value():
    return copy.deepcopy(REPORT)
