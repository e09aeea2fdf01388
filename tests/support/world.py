"""A small world for tests: a fresh data folder, parties with keys, a suite, an agreement.

Everything goes through the real services on a database that the migrations built.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

from evals import pack
from harness.cli import signing
from harness.config import Settings
from harness.documents import protocol as protocol_document
from harness.documents import suite as suite_document
from harness.documents.signer import PrivateKey, generate
from harness.records import platform as platform_rows
from harness.records.base import Act
from harness.services import suites
from harness.services.access import Actor
from harness.services.agreements import agree, draft
from harness.services.agreements.terms import Terms
from harness.services.parties import registry
from harness.services.platform.opening import Platform, initialise, open_platform
from harness.services.publication import sequence
from harness.services.runs import reserve

OPERATOR = Actor("operator", "operator")
AUDITOR = "example-university"
VENDOR = "example-vendor"
REGULATOR = "example-regulator"
MODEL = "replayed"
IMAGE = "sha256:" + "11" * 32

SUITE_YAML = """\
schema: assay.suite/1
id: {id}
version: "1.0.0"
licence: MIT
title: A suite for tests
summary: Questions with one number as the answer.
kind: declarative
phases: {phases}
canary: 6f1c2f52-2f7e-4a36-9b43-6d2c8f0f5e11
needs: {{roles: [target], requests_per_sample: 1, tokens_in_per_sample: 3000,
  tokens_out_per_sample: 600}}
generation: {{temperature: "0", max_tokens: {max_tokens}}}
template: "{{prompt}}"
data: [{{file: samples.jsonl}}]
fields: {{id: id, prompt: prompt, target: answer}}
metrics:
  - {{id: correct, score: {{type: int, lo: 0, hi: 1}}, worst: 0,
     scorer: {{name: numeric, options: {{after: "A:"}}}}}}
aggregates:
  - {{id: accuracy, metric: correct, kind: proportion, unit: 5}}
primary: accuracy
public_samples: [q0, q1, q2]
{asks}
"""


def suite_files(
    questions: list[tuple[str, str]],
    suite_id: str = "numbers",
    max_tokens: int = 512,
    phases: str = "joined",
    asks: str = "",
) -> dict[str, bytes]:
    """Author's files of a suite of (prompt, answer) pairs; `asks` are lines of its manifest."""
    rows = [
        json.dumps({"id": f"q{index}", "prompt": prompt, "answer": answer}, ensure_ascii=False)
        for index, (prompt, answer) in enumerate(questions)
    ]
    return {
        "suite.yaml": SUITE_YAML.format(
            id=suite_id, max_tokens=max_tokens, phases=phases, asks=asks
        ).encode(),
        "samples.jsonl": ("\n".join(rows) + "\n").encode(),
    }


def simple_questions(count: int) -> list[tuple[str, str]]:
    """Sums whose answers a scripted vendor can compute."""
    return [(f"What is {i} plus {i + 1}?", str(2 * i + 1)) for i in range(count)]


@dataclass
class World:
    """One data folder and its parties. `keys` are the organisations' own."""

    platform: Platform
    keys: dict[str, PrivateKey] = field(default_factory=dict)

    def organisation(self, name: str, role: str, owner_group: str | None = None) -> None:
        key = self.keys[name] = generate("p256" if role == "vendor" else "ed25519")
        with self.platform.database.write() as session:
            registry.add_organisation(
                session, self.platform, OPERATOR, name, role, owner_group, key.public.to_pem()
            )

    def image(self, image_id: str = IMAGE) -> None:
        with self.platform.database.write() as session:
            row = platform_rows.Image(id=image_id, flavour="base", packages={}, added_at=1.0)
            platform_rows.put_image(session, row, Act("operator", "add image", 1.0))

    def model(
        self,
        base_url: str = "http://127.0.0.1:9/v1",
        *,
        name: str = MODEL,
        upstream: str = "replay",
        credential: str = "secret-credential",
    ) -> str:
        with self.platform.database.write() as session:
            registry.add_model(
                session,
                self.platform,
                Actor(VENDOR, "vendor"),
                name,
                base_url,
                upstream,
                "snapshot-1",
                credential,
                10_000,
                40_000,
            )
        return name

    def suite(self, files: dict[str, bytes], auditor: str = AUDITOR) -> str:
        archive = suites.build(files)
        parsed, _ = suites.open_archive(archive)
        digest = pack.digest(archive)
        fields = suite_document.submission(parsed, organisation=auditor, contact="someone")
        envelope = signing.statement(
            self.keys[auditor], "suite-submission", ("suite", digest), fields
        )
        with self.platform.database.write() as session:
            suites.submit(session, self.platform, Actor(auditor, "auditor"), archive, envelope)
        self.settle()
        return digest

    def draft(self, digest: str, terms: Terms, model: str = MODEL) -> bytes:
        with self.platform.database.read() as session:
            suite = suites.find(session, OPERATOR, digest)
            actor = Actor(suite.auditor, "auditor")
            return draft.draft(session, self.platform, actor, suite, model, terms)

    def propose(self, body: bytes, auditor: str = AUDITOR) -> str:
        protocol = protocol_document.parse(body)
        key = self.keys[auditor]
        with self.platform.database.write() as session:
            agree.propose(
                session,
                self.platform,
                Actor(auditor, "auditor"),
                body,
                signing.proposal(key, body, auditor),
                signing.approval(key, body, protocol, auditor, "auditor"),
            )
        self.settle()
        return protocol.identity.id

    def approval(self, protocol_id: str) -> bytes:
        with self.platform.database.read() as session:
            body = agree.body(session, agree.find(session, OPERATOR, protocol_id))
        protocol = protocol_document.parse(body)
        return signing.approval(self.keys[VENDOR], body, protocol, VENDOR, "vendor")

    def sign(self, protocol_id: str) -> None:
        approval = self.approval(protocol_id)
        with self.platform.database.write() as session:
            agree.sign(session, self.platform, Actor(VENDOR, "vendor"), protocol_id, approval)
        self.settle()

    def agree(self, digest: str, terms: Terms, model: str = MODEL) -> str:
        protocol_id = self.propose(self.draft(digest, terms, model))
        self.sign(protocol_id)
        return protocol_id

    def reserve(self, protocol_id: str, auditor: str = AUDITOR) -> str:
        with self.platform.database.write() as session:
            actor = Actor(auditor, "auditor")
            run = reserve.reserve(session, self.platform, actor, protocol_id)
        self.settle()
        return run.id

    def settle(self) -> None:
        sequence.publish(self.platform)


def agreed(folder: Path, terms: Terms, asks: str = "") -> tuple[World, str]:
    """A world with an agreement over forty sums that nothing has been done with yet."""
    world = make(folder)
    world.image()
    world.model()
    digest = world.suite(suite_files(simple_questions(40), asks=asks))
    return world, world.agree(digest, terms)


def make(folder: Path, **settings: object) -> World:
    """A world with its three organisations, on a fresh data folder."""
    chosen = Settings(data_dir=folder, **settings)
    initialise(chosen)
    world = World(open_platform(chosen))
    world.organisation(AUDITOR, "auditor")
    world.organisation(VENDOR, "vendor")
    world.organisation(REGULATOR, "regulator")
    return world
