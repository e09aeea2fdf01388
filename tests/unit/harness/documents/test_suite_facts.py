from evals.manifest import (
    Aggregate,
    DataFile,
    Fields,
    Limits,
    Manifest,
    Metric,
    Needs,
    Runtime,
    SampleEntry,
)
from harness.documents import statements, suite


def _manifest():
    return Manifest(
        id="words",
        version="1.0.0",
        licence="Apache-2.0",
        title="Words",
        summary="Words.",
        kind="declarative",
        phases="joined",
        program=None,
        canary="00000000-0000-4000-8000-000000000000",
        needs=Needs(("target",), 1, 100, 10),
        runtime=Runtime("base", None),
        limits=Limits(),
        generation={},
        system=None,
        template="{prompt}",
        data=(DataFile("samples.jsonl", "0" * 64, 3),),
        fields=Fields("id", "prompt", "target", {"size": "size"}),
        metrics=(Metric("correct", "int", 0, 1, (), 0, {"name": "exact", "options": {}}),),
        aggregates=(Aggregate("accuracy", "correct", "proportion", 5, None),),
        primary="accuracy",
        public_samples=("a", "b", "c"),
        samples=(
            SampleEntry("a", {"size": "small"}),
            SampleEntry("b", {"size": "large"}),
            SampleEntry("c", {"size": "small"}),
        ),
    )


def test_a_submission_is_a_statement_without_sample_ids():
    facts = suite.submission(_manifest(), organisation="North", contact="mail")
    payload = statements.statement(
        "suite-submission",
        {"suite": "sha256:" + "a" * 64},
        facts,
        issued_at="2026-11-20T12:00:00Z",
        nonce="0" * 32,
        prev=None,
    )
    assert b"small" not in payload
    predicate = statements.parse(payload, "suite-submission").predicate
    assert (predicate.samples, predicate.metrics[0].id) == (3, "correct")


def test_group_sizes_count_by_dimension_and_label():
    assert suite.group_sizes(_manifest()) == {"size": {"small": 2, "large": 1}}
