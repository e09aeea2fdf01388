"""The steps of the demonstration, each as its party would take it."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from evals import pack
from harness.cli import output, signing
from harness.cli.context import actor, operator, settle
from harness.cli.demo.suite import demo_suite
from harness.cli.demo.vendor import MODEL as UPSTREAM
from harness.cli.demo.vendor import SNAPSHOT
from harness.cli.preview import show_preview
from harness.cli.watching import watch
from harness.documents import protocol as protocol_document
from harness.documents import suite as suite_document
from harness.documents.signer import PrivateKey, generate
from harness.errors import Conflict
from harness.records import protocols
from harness.services import suites
from harness.services.access import Actor
from harness.services.agreements import agree, draft, preview
from harness.services.agreements.terms import Claim, Decision, Independence, Terms
from harness.services.parties import registry
from harness.services.platform.opening import Platform, write_secret
from harness.services.publication import bundles
from harness.services.runs import reserve, view

AUDITOR: Final = "example-university"
VENDOR: Final = "example-vendor"
REGULATOR: Final = "example-regulator"
OPERATOR: Final = "example-operator"
ORGANISATIONS: Final = (
    (AUDITOR, "auditor"),
    (VENDOR, "vendor"),
    (REGULATOR, "regulator"),
    (OPERATOR, "operator"),
)
MODEL: Final = "smollm2-135m"

TERMS: Final = Terms(
    person="A. Auditor",
    vendor_person="V. Vendor",
    claim=Claim(
        sentence="A model this small solves at least half of these word problems",
        decision=Decision(metric="accuracy", threshold="0.5", margin="0.05"),
    ),
    independence=Independence(funding=["none"]),
    concurrency=2,
    run_wall_clock_s=900,
    start_within_s=120,
    release="on_completion",
    grid_s=10,
)


@dataclass(frozen=True, slots=True)
class Parties:
    """The organisations' side: their keys lie in a folder that the server never reads."""

    keys: Path

    def register(self, platform: Platform) -> None:
        """Make keys and have the operator register the organisations."""
        self.keys.mkdir(mode=0o700)
        for name, role in ORGANISATIONS:
            key = generate("ed25519" if role == "auditor" else "p256")
            write_secret(self.keys / f"{name}.pem", key.to_pem())
            with platform.database.write() as session:
                registry.add_organisation(
                    session, platform, operator(platform), name, role, None, key.public.to_pem()
                )

    def submit_suite(self, platform: Platform) -> str:
        """Pack the suite, sign its digest, submit it; the digest."""
        archive = suites.build(demo_suite())
        parsed, _ = suites.open_archive(archive)
        digest = pack.digest(archive)
        fields = suite_document.submission(parsed, organisation=AUDITOR, contact="A. Auditor")
        envelope = signing.statement(
            self._key(AUDITOR), "suite-submission", ("suite", digest), fields
        )
        with platform.database.write() as session:
            suites.submit(session, platform, _who(platform, AUDITOR), archive, envelope)
        settle(platform)
        return digest

    def propose(self, platform: Platform, digest: str) -> str:
        """Draft and sign a protocol, and show its preview; the protocol's id."""
        who = _who(platform, AUDITOR)
        with platform.database.read() as session:
            suite = suites.find(session, who, digest)
            body = draft.draft(session, platform, who, suite, MODEL, TERMS)
        protocol = protocol_document.parse(body)
        show_preview(preview.of(protocol))
        key = self._key(AUDITOR)
        with platform.database.write() as session:
            agree.propose(
                session,
                platform,
                who,
                body,
                signing.proposal(key, body, AUDITOR),
                signing.approval(key, body, protocol, AUDITOR, "auditor"),
            )
        settle(platform)
        return protocol.identity.id

    def sign(self, platform: Platform, protocol_id: str) -> str:
        """Sign as the vendor the very bytes that the server holds; their digest."""
        with platform.database.read() as session:
            row = agree.find(session, _who(platform, VENDOR), protocol_id)
            body = agree.body(session, row)
        protocol = protocol_document.parse(body)
        approval = signing.approval(self._key(VENDOR), body, protocol, VENDOR, "vendor")
        with platform.database.write() as session:
            agree.sign(session, platform, _who(platform, VENDOR), protocol_id, approval)
        settle(platform)
        return row.digest

    def _key(self, name: str) -> PrivateKey:
        return PrivateKey.from_pem((self.keys / f"{name}.pem").read_bytes())


def register_model(platform: Platform, base_url: str, key: str) -> None:
    """Register the vendor's model; the credential is encrypted at once."""
    who = _who(platform, VENDOR)
    with platform.database.write() as session:
        registry.add_model(
            session,
            platform,
            who,
            MODEL,
            base_url,
            UPSTREAM,
            SNAPSHOT,
            key,
            price_in=10_000,
            price_out=40_000,
        )


def show_state(platform: Platform, protocol_id: str, label: str, digest: str) -> None:
    """Print a protocol's state and the digest that both parties signed."""
    with platform.database.read() as session:
        row = protocols.get(session, protocol_id)
    output.say(f"{label}{row.state if row else 'gone'}")
    output.say(f"  protocol   {digest}")


def run(platform: Platform, protocol_id: str) -> str:
    """Start a run and watch it as the operator would; the run's id."""
    with platform.database.write() as session:
        reserved = reserve.reserve(session, platform, _who(platform, AUDITOR), protocol_id)
    settle(platform)
    output.say(f"  run        {reserved.id}")
    seen = watch(lambda: _look(platform, reserved.id), platform.clock)
    if seen["outcome"] != "RELEASED":
        category = seen["inside"]["category"]
        raise Conflict(f"the run ended {seen['outcome']} ({category}); see the logs in the folder")
    output.say("  outcome    RELEASED")
    return reserved.id


def _look(platform: Platform, run_id: str) -> dict[str, Any]:
    with platform.database.read() as session:
        return asdict(view.view(session, platform, operator(platform), run_id))


def export(platform: Platform, run_id: str, target: Path) -> bytes:
    """Write the bundle as the regulator gets it; the report's bytes."""
    settle(platform)
    who = _who(platform, REGULATOR)
    with platform.database.read() as session:
        target.write_bytes(bundles.bundle_of(session, platform, who, run_id))
        return bundles.report_of(session, platform, who, run_id)


def _who(platform: Platform, name: str) -> Actor:
    return actor(platform, name)
