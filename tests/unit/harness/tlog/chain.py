"""Whole chains with real keys, honest unless a test tells one link to lie.

Written from the format alone: nothing of the code that makes documents is used here.
"""

import base64
import hashlib
import json
from dataclasses import dataclass
from functools import cache

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from harness.tlog import bundle, checkpoint, leaf, tree, trust_root

ORIGIN = "assay.example/log"
SUITE = "sha256:" + "5" * 64
IMAGE = "sha256:" + "1" * 64
OTHER = "sha256:" + "e" * 64
NONCE = "0123456789abcdef" * 2


@cache
def key(name):
    """One key per name; the auditor has an Ed25519 key, everybody else P-256."""
    if name in {"auditor", "log", "other-log"}:
        return ed25519.Ed25519PrivateKey.generate()
    return ec.generate_private_key(ec.SECP256R1())


def spki(name):
    return (
        key(name)
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


def key_id(name):
    return digest(spki(name))


def sign(name, message):
    private = key(name)
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return private.sign(message)
    return private.sign(message, ec.ECDSA(hashes.SHA256()))


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def encode(value):
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def b64(data):
    return base64.b64encode(data).decode()


def pae(payload):
    kind = b"application/vnd.in-toto+json"
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def root_bytes(log="log", server="server"):
    return trust_root.build(ORIGIN, key(log).public_key().public_bytes_raw(), spki(server))


def metric(**changes):
    value = {
        "id": "accuracy",
        "metric": "correct",
        "kind": "proportion",
        "lo": 0,
        "hi": 1,
        "labels": [],
        "unit": 5,
        "n": 1319,
        "group": None,
    }
    return value | changes


def protocol(**changes):
    """Sections that the verifier reads, and one that it does not."""
    value = {
        "schema": "assay.protocol/1",
        "identity": {"id": "words", "version": 1, "parent": None, "title": "Words"},
        "parties": {
            "auditor": {
                "organisation": "Example University",
                "person": "A",
                "key_id": key_id("auditor"),
            },
            "vendor": {
                "organisation": "Example Models",
                "person": "V",
                "key_id": key_id("vendor"),
            },
            "operator": {"organisation": "Example Body"},
            "observers": [],
        },
        "claim": {"sentence": "It counts.", "decision": None},
        "system": {"model": "small", "snapshot": "1"},
        "suite": {"digest": SUITE, "image": IMAGE},
        "harness": {"epochs": 1, "phases": "joined", "scorer_mode": "declarative"},
        "budget": {"runs": 2, "run_wall_clock_s": 100, "start_within_s": 50},
        "analysis": {"primary": "accuracy", "metrics": [metric()], "compared": None},
        "disclosure": {
            "completeness": "hidden",
            "identity_verdict": False,
            "differential_privacy": None,
            "deviations": [],
            "release": {"mode": "fixed", "grid_s": 10},
            "alphabet": "266",
            "bits": "8.055",
            "bits_cap": 64,
            "ledger": {"pair": 512, "owner_group": 1024, "model": 4096},
        },
        "termination": {"grounds": ["none"], "notice_days": 1},
    }
    for section, fields in changes.items():
        value[section] |= fields
    return value


def result(**changes):
    """742 of 1319: level 148 at a unit of 5."""
    value = {
        "id": "accuracy",
        "kind": "proportion",
        "group": None,
        "n": 1319,
        "unit": 5,
        "level": 148,
        "shown": "0.561",
        "interval": {"low": "0.532", "high": "0.590", "method": "wilson", "confidence": "0.95"},
    }
    return value | changes


@dataclass
class Link:
    """One logged statement."""

    kind: str
    index: int
    envelope: bytes
    verifier: bytes
    leaf: bytes
    digest: str

    @property
    def payload(self):
        return base64.b64decode(json.loads(self.envelope)["payload"])


class Story:
    """A log and one agreement in it; each method logs one statement.

    `changes` alter predicate fields; `by` and `about` replace signer and subjects.
    """

    def __init__(self, protocol_value=None):
        self.terms = protocol_value or protocol()
        self.protocol = encode(self.terms)
        self.links = []
        self.foreign = 0
        self.line = []
        self.report = b""

    @property
    def links_by_kind(self):
        return {link.kind: link for link in self.links}

    def log(self, kind, by, about, predicate, prev=None, **changes):
        common = {
            "schema": f"assay.{kind}/1",
            "issuedAt": "2026-01-02T03:04:05Z",
            "nonce": NONCE,
            "prev": prev,
        }
        payload = encode(
            {
                "_type": "https://in-toto.io/Statement/v1",
                "subject": [
                    {"name": n, "digest": {"sha256": d.removeprefix("sha256:")}}
                    for n, d in about.items()
                ],
                "predicateType": f"tag:assay,2026:predicate/{kind}/v1",
                "predicate": common | predicate | changes,
            }
        )
        signed = pae(payload)
        signature = sign(by, signed)
        envelope = encode(
            {
                "payload": b64(payload),
                "payloadType": "application/vnd.in-toto+json",
                "signatures": [{"keyid": key_id(by), "sig": b64(signature)}],
            }
        )
        body = leaf.body(hashlib.sha256(signed).digest(), signature, spki(by))
        link = Link(kind, len(self.links), envelope, spki(by), body, digest(signed))
        self.links.append(link)
        return link

    @property
    def about(self):
        return {"protocol": digest(self.protocol)}

    def propose(self, by="auditor", **changes):
        return self.log("protocol-proposal", by, self.about, {"role": "auditor"}, **changes)

    def approve(self, role, by=None, about=None, **changes):
        predicate = {
            "organisation": self.terms["parties"][role]["organisation"],
            "role": role,
            "decision": "approve",
            "valid_until": "2027-01-01T00:00:00Z",
        }
        return self.log("protocol-approval", by or role, about or self.about, predicate, **changes)

    def activate(self, by="server", **changes):
        approvals = [
            {
                "organisation": predicate["organisation"],
                "role": predicate["role"],
                "statement": link.digest,
                "index": link.index,
            }
            for link in self.links
            if link.kind == "protocol-approval"
            for predicate in [json.loads(link.payload)["predicate"]]
        ]
        return self.log("protocol-activation", by, self.about, {"approvals": approvals}, **changes)

    def agree(self):
        self.propose()
        self.approve("auditor")
        self.approve("vendor")
        self.activate()
        return self

    def start(self, ordinal, by="server", about=None, **changes):
        active = self.links_by_kind.get("protocol-activation")
        predicate = {
            "protocol": digest(self.protocol),
            "activation_index": active.index if active else 0,
            "run": f"run{ordinal}",
            "ordinal": ordinal,
            "of": self.terms["budget"]["runs"],
            "suite": SUITE,
            "image": IMAGE,
            "alphabet": self.terms["disclosure"]["alphabet"],
            "bits": self.terms["disclosure"]["bits"],
            "compared": None,
        }
        self.line.append({"ordinal": ordinal, "outcome": "PENDING"})
        return self.log(
            "run-start",
            by,
            about or (self.about | {"suite": SUITE}),
            predicate,
            **({"prev": active.digest if active else None} | changes),
        )

    def end(self, ordinal, outcome="RELEASED", by="server", **changes):
        self._ended(ordinal, outcome)
        predicate = {"run": f"run{ordinal}", "ordinal": ordinal, "outcome": outcome}
        return self.log("run-end", by, self.about, predicate, **changes)

    def refund(self, ordinal, **changes):
        self._ended(ordinal, "REFUNDED")
        predicate = {
            "run": f"run{ordinal}",
            "ordinal": ordinal,
            "bits": self.terms["disclosure"]["bits"],
        }
        return self.log("run-refund", "server", self.about, predicate, **changes)

    def _ended(self, ordinal, outcome):
        for item in self.line:
            if item["ordinal"] == ordinal:
                item["outcome"] = outcome

    def run(self, ordinal, outcome="RELEASED"):
        self.start(ordinal)
        self.end(ordinal, outcome)
        return self

    def write(self, ordinal=1, **changes):
        """Make the report document; nothing is logged."""
        terms = self.terms
        value = {
            "schema": "assay.report/1",
            "protocol": digest(self.protocol),
            "run": {
                "id": f"run{ordinal}",
                "ordinal": ordinal,
                "of": terms["budget"]["runs"],
                "attempt_line": [dict(item) for item in self.line],
            },
            "suite": SUITE,
            "image": IMAGE,
            "model": {"vendor": "Example Models", "model": "small", "snapshot": "1"},
            "claim": {"sentence": "It counts.", "verdict": "none"},
            "metrics": [result()],
            "compared": None,
            "completeness": None,
            "disclosure": {
                "alphabet": terms["disclosure"]["alphabet"],
                "bits": terms["disclosure"]["bits"],
                "pair_total_bits": terms["disclosure"]["bits"],
                "pair_cap_bits": str(terms["disclosure"]["ledger"]["pair"]),
            },
            "deviations": [],
            "scorer_mode": "declarative",
            "phases": "joined",
            "released_at": "2026-01-02T03:04:10Z",
        }
        self.report = encode(value | changes)
        return self

    def publish(self, ordinal=1, by="server", **changes):
        """Log the statement about the report that was written last."""
        active = self.links_by_kind.get("protocol-activation")
        predicate = {
            "protocol": digest(self.protocol),
            "activation_index": active.index if active else 0,
            "run": f"run{ordinal}",
            "ordinal": ordinal,
            "attempts": [dict(item) for item in self.line],
        }
        self.log("report", by, {"report": digest(self.report)}, predicate, **changes)
        return self

    def entries(self):
        hashes_ = [tree.leaf_hash(link.leaf) for link in self.links]
        return [
            bundle.Entry(
                kind=link.kind,
                index=link.index,
                envelope=link.envelope,
                verifier=link.verifier,
                proof=tuple(tree.inclusion_proof(hashes_, link.index)),
                leaf=link.leaf,
            )
            for link in self.links
        ]

    def note(self, log="log", origin=ORIGIN):
        hashes_ = [tree.leaf_hash(link.leaf) for link in self.links]
        return checkpoint.sign(
            origin, len(hashes_), tree.root(hashes_), key(log).private_bytes_raw()
        )

    def bundle(self, **changes):
        parts = {
            "trust_root": root_bytes(),
            "checkpoint": self.note(),
            "entries": self.entries(),
            "protocol": self.protocol,
            "report": self.report,
        }
        return bundle.build(**(parts | changes))


def honest(protocol_value=None, **report_changes):
    """One agreement, one run, one report."""
    return Story(protocol_value).agree().run(1).write(**report_changes).publish()
