"""The API answers as its own description says, whatever is sent, and never with a fault.

Schemathesis reads the description and makes requests that fit it and requests that break it; a
real server answers. Examples are the same at every run.
"""

import base64
import copy
from dataclasses import dataclass

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import FailureGroup, not_a_server_error
from schemathesis.specs.openapi import checks

from harness.records import log
from harness.services.access import Actor
from harness.services.agreements import drafts
from harness.services.agreements.terms import Terms
from tests.support import released
from tests.support import world as worlds
from tests.support.programs import API, ROLES, settle_in
from tests.support.service import acting, served
from tests.support.world import AUDITOR, MODEL
from web.views.api.routes import router

EXAMPLES = {GenerationMode.POSITIVE: 12, GenerationMode.NEGATIVE: 12}
WHO = st.sampled_from(sorted(ROLES))
# Whether a token is needed is asked of every path by a test of its own: here the many wrong
# tokens would be throttled. That what fits the description is accepted cannot be said of
# signatures, and a proxy in front would have other headers.
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.unsupported_method,
]


def offered():
    """Method and path of everything that the API offers, with the modes that make sense for it."""
    bare = FastAPI()
    bare.include_router(router)
    for path, methods in bare.openapi()["paths"].items():
        for method, operation in methods.items():
            label = f"{method.upper()} {path}"
            yield label, GenerationMode.POSITIVE
            # What takes nothing cannot be given anything wrong.
            if "requestBody" in operation or operation.get("parameters"):
                yield label, GenerationMode.NEGATIVE


@dataclass
class Scene:
    """A served world: the schema of its API, headers of every role, and what really is there."""

    schema: schemathesis.schemas.BaseSchema
    headers: dict[str, dict[str, str]]
    paths: dict[str, str]
    bodies: dict[str, str]


@pytest.fixture(scope="module")
def scene(tmp_path_factory, postgresql):
    # The stricter of the two databases.
    url = postgresql.fresh()
    world = worlds.make(tmp_path_factory.mktemp("schemathesis") / "data", database_url=url)
    world.image()
    world.model()
    settle_in(world)
    digest = world.suite(worlds.suite_files(worlds.simple_questions(20)))
    auditor = Actor(AUDITOR, "auditor")
    with world.platform.database.write() as session:
        draft = drafts.make(session, world.platform, auditor, digest, MODEL, Terms()).id
    body = world.draft(digest, Terms())
    protocol = world.agree(digest, Terms(runs=20))
    run = world.reserve(protocol)
    slot = released.release(world, run)
    later = released.at(world, slot)
    later.settle()
    with later.platform.database.read() as session:
        statement = log.find(session, "report", run=run)[0].pae_digest
    with served(later) as server:
        yield Scene(
            schema=schemathesis.openapi.from_url(f"{server}{API}/openapi.json"),
            headers={"": {}} | {
                who: {"Authorization": f"Bearer {acting(later, server, who, role)['ASSAY_TOKEN']}"}
                for who, role in ROLES.items()
            },
            paths={
                "suites/digest": digest,
                "log/digest": statement,
                "draft_id": draft,
                "name": MODEL,
                "login": f"member.of.{AUDITOR}",
                "protocol_id": protocol,
                "run_id": run,
                "index": "0",
            },
            bodies={
                "suite": digest,
                "model": MODEL,
                "organisation": AUDITOR,
                "document": base64.b64encode(body).decode(),
            },
        )  # fmt: skip
    world.platform.database.close()
    postgresql.drop(url)


def make_real(case, scene):
    """Let a request that fits meet what is there, so that more than the door is tried."""
    noun = case.path.removeprefix(API).split("/")[1] if case.path != API else ""
    for name in case.path_parameters:
        found = scene.paths.get(f"{noun}/{name}", scene.paths.get(name))
        case.path_parameters[name] = found or case.path_parameters[name]
    if isinstance(case.body, dict):
        case.body |= {name: text for name, text in scene.bodies.items() if name in case.body}


@pytest.mark.parametrize(
    ("label", "mode"), list(offered()), ids=[f"{label} {mode.value}" for label, mode in offered()]
)
def test_whatever_is_sent_is_answered_as_described(scene, label, mode):
    operation = scene.schema.find_operation_by_label(label)
    asked = []

    @settings(
        max_examples=EXAMPLES[mode],
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode), WHO, st.booleans())
    def ask(case, who, real):
        if real and mode is GenerationMode.POSITIVE:
            make_real(case, scene)
        asked.append(case.call_and_validate(headers=scene.headers[who], checks=CHECKS))

    ask()
    assert asked


def test_control_a_description_that_is_not_true_is_found_out(scene):
    altered = copy.deepcopy(scene.schema.raw_schema)
    altered["components"]["schemas"]["Me"]["properties"]["role"]["type"] = "integer"
    lying = schemathesis.openapi.from_dict(altered)
    lying.config.update(base_url=scene.schema.get_base_url())
    case = lying[f"{API}/me"]["GET"].Case()
    with pytest.raises(FailureGroup, match="Response violates schema"):
        case.call_and_validate(headers=scene.headers[AUDITOR], checks=CHECKS)


def test_every_operation_is_asked(scene):
    described = {
        f"{method.upper()} {path}"
        for path, methods in scene.schema.raw_schema["paths"].items()
        for method in methods
    }
    assert described == {label for label, _ in offered()}
    assert len(described) > 35
