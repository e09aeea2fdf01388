"""The catalog: suites that compile to known digests and whose samples are worth asking."""

import collections
import functools
import json
import tomllib
from pathlib import Path

import pytest

from deploy.catalog import generate
from evals import manifest, pack, scorers, suite
from harness.documents.authoring import compile_suite

ROOT = Path(__file__).resolve().parents[3]
CATALOG = ROOT / "evals" / "catalog"
# A suite is named by its digest: whoever changes one gives it a new version and pins it here.
DIGESTS = {
    "arithmetic_words": "3ac05164a9664d255d0789f7913deaa2e7aaf737f7fd04362184ca4c573572a0",
    "over_refusal": "1ce06636e96a77902c0f88aa76e73c8fdb3d75fdc08558aa344314b88ef7d8fa",
    "verifiable_instructions": "df2b97c856d088dd81cf54b95463d0735ca804f6ce221c236f9f7d94edfde3f0",
}
REFUSALS = [
    "I'm sorry, but I can't help with that.",
    "I cannot help you with this. It would hurt somebody who trusts you.",
    "I won't help with that.",
]
COMPLIANCE = [
    "Sure! Here are three simple steps. First, take your time.",
    "Two dollars is what it usually costs.",
]

each_suite = pytest.mark.parametrize("name", sorted(DIGESTS))


@functools.cache
def compiled(name):
    files = {path.name: path.read_bytes() for path in (CATALOG / name).iterdir()}
    return compile_suite(files)


def load(name, folder):
    for file, content in compiled(name).items():
        (folder / file).write_bytes(content)
    return suite.load(str(folder))


def test_the_catalog_holds_these_suites_only():
    assert {path.parent.name for path in CATALOG.glob("*/suite.yaml")} == set(DIGESTS)


@each_suite
def test_data_files_are_what_the_generator_writes(name):
    file = f"{name}/samples.jsonl"
    assert (CATALOG / file).read_bytes() == generate.files()[file]


def test_the_generator_writes_its_files_where_it_is_told(tmp_path):
    generate.main([str(tmp_path)])
    written = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.jsonl")}
    assert written == {f"{name}/samples.jsonl" for name in DIGESTS}


@each_suite
def test_a_suite_packs_to_its_pinned_digest(name):
    archive = pack.pack(compiled(name))
    assert pack.digest(archive) == f"sha256:{DIGESTS[name]}"


@each_suite
def test_samples_are_many_and_no_prompt_appears_twice(name, tmp_path):
    found, samples = load(name, tmp_path)
    prompts = [sample.messages[-1]["content"].casefold() for sample in samples]
    assert len(samples) >= 200
    assert len(set(prompts)) == len(prompts)
    assert found.id == name
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert found.licence == project["license"]


@each_suite
def test_groups_are_large_enough_to_be_released(name, tmp_path):
    found, _ = load(name, tmp_path)
    for aggregate in found.aggregates:
        assert aggregate.unit >= 5
        if aggregate.groups is not None:
            counts = collections.Counter(s.groups[aggregate.groups] for s in found.samples)
            assert min(counts.values()) >= max(20, 4 * aggregate.unit)
            assert len(counts) <= 20


@each_suite
def test_the_canary_is_in_the_files_and_in_no_prompt(name, tmp_path):
    found, samples = load(name, tmp_path)
    rows = (CATALOG / name / "samples.jsonl").read_text().splitlines()
    assert {json.loads(row)["canary"] for row in rows} == {found.canary}
    assert not any(found.canary in json.dumps(sample.messages) for sample in samples)


def test_canaries_differ():
    assert len(set(generate.CANARIES.values())) == len(DIGESTS)


@each_suite
def test_a_request_fits_the_tokens_a_suite_says_it_needs(name, tmp_path):
    found, samples = load(name, tmp_path)
    longest = max(len(json.dumps(sample.messages).encode()) for sample in samples)
    assert longest + 100 <= found.needs.tokens_in_per_sample  # no token is less than a byte
    assert found.generation["max_tokens"] == found.needs.tokens_out_per_sample


@each_suite
def test_saying_nothing_scores_worst_where_something_was_asked(name, tmp_path):
    found, samples = load(name, tmp_path)
    metric = found.metrics[0]
    for sample in samples:
        if sample.target != "refuse":
            assert scorers.score(metric.scorer, " \n", sample) == metric.worst == metric.lo


def by_kind(tmp_path):
    found, samples = load("over_refusal", tmp_path)
    correct, outcome = (metric.scorer for metric in found.metrics)
    safe = [sample for sample in samples if sample.groups["kind"] == "safe"]
    unsafe = [sample for sample in samples if sample.groups["kind"] == "unsafe"]
    return correct, outcome, safe, unsafe, found


@pytest.mark.parametrize("answer", REFUSALS)
def test_declining_is_right_for_unsafe_requests_only(answer, tmp_path):
    correct, outcome, safe, unsafe, found = by_kind(tmp_path)
    assert {scorers.score(correct, answer, sample) for sample in unsafe} == {1}
    assert {scorers.score(correct, answer, sample) for sample in safe} == {0}
    labels = {found.metrics[1].labels[scorers.score(outcome, answer, s)] for s in safe + unsafe}
    assert labels == {"refused"}


@pytest.mark.parametrize("answer", COMPLIANCE)
def test_answering_is_right_for_safe_requests_only(answer, tmp_path):
    correct, outcome, safe, unsafe, found = by_kind(tmp_path)
    assert {scorers.score(correct, answer, sample) for sample in safe} == {1}
    assert {scorers.score(correct, answer, sample) for sample in unsafe} == {0}
    labels = {found.metrics[1].labels[scorers.score(outcome, answer, s)] for s in safe + unsafe}
    assert labels == {"complied"}


def test_every_safe_request_has_its_contrast(tmp_path):
    _, _, safe, unsafe, _ = by_kind(tmp_path)
    topics = [collections.Counter(s.groups["topic"] for s in half) for half in (safe, unsafe)]
    assert topics[0] == topics[1]
    assert len(safe) == len(unsafe) >= 100


def test_the_lines_of_the_pairs_must_keep_their_order(tmp_path, monkeypatch):
    bad = tmp_path / "pairs.txt"
    bad.write_text("[topic]\n- first the contrast\n+ then the request\n")
    monkeypatch.setattr("deploy.catalog.refusal.samples.SOURCE", bad)
    with pytest.raises(ValueError, match="out of order"):
        generate.files()


def test_the_page_names_the_suites_their_size_and_their_digests():
    text = (ROOT / "docs" / "catalog.md").read_text()
    for name, digest in DIGESTS.items():
        body = json.loads(compiled(name)[manifest.FILE])
        assert f"`{name}`" in text
        assert f"{len(body['samples'])} samples" in text
        assert digest in text
