import hashlib

import pytest

from evals import suite


def test_prompts_are_filled_in_the_order_of_the_manifest(run_dir):
    found, samples = suite.load(str(run_dir / "suite"))
    assert [sample.id for sample in samples] == [entry.id for entry in found.samples]
    assert samples[3] == suite.Sample(
        "sum-3",
        [{"role": "user", "content": "What is 3 + 3? End with `A: <number>`."}],
        "6",
        {"size": "small"},
    )


def test_a_system_prompt_comes_first(author_files, compiled):
    text = author_files["suite.yaml"].decode() + "system: Be brief.\n"
    folder = compiled({**author_files, "suite.yaml": text.encode()})
    messages = suite.open_suite(folder).sample(0).messages
    assert messages[0] == {"role": "system", "content": "Be brief."}
    assert messages[1]["role"] == "user"


def test_braces_in_prompts_stay_as_they_are(author_files, compiled):
    data = author_files["samples.jsonl"].replace(b"What is 3 + 3?", b"{prompt} {0} {x}")
    loaded = suite.open_suite(compiled({**author_files, "samples.jsonl": data}))
    assert loaded.sample(3).messages[0]["content"] == "{prompt} {0} {x} End with `A: <number>`."


def test_changed_data_is_refused(run_dir):
    data = run_dir / "suite" / "samples.jsonl"
    data.write_bytes(data.read_bytes().replace(b'"6"', b'"7"'))
    with pytest.raises(suite.SuiteError, match="another digest"):
        suite.load(str(run_dir / "suite"))


def test_an_index_that_differs_from_the_data_is_refused(run_dir):
    index = run_dir / "suite" / "suite.json"
    text = index.read_text()
    swapped = text.replace('"id":"sum-7"', '"id":"sum-77"')
    assert swapped != text
    index.write_text(swapped)
    loaded = suite.open_suite(str(run_dir / "suite"))
    assert loaded.sample(6).id == "sum-6"
    with pytest.raises(suite.SuiteError, match="index"):
        loaded.sample(7)


def test_another_number_of_rows_is_refused(run_dir):
    data, index = run_dir / "suite" / "samples.jsonl", run_dir / "suite" / "suite.json"
    old = hashlib.sha256(data.read_bytes()).hexdigest()
    data.write_bytes(data.read_bytes() + b"{}\n")
    new = hashlib.sha256(data.read_bytes()).hexdigest()
    index.write_text(index.read_text().replace(old, new))
    with pytest.raises(suite.SuiteError, match="index"):
        suite.load(str(run_dir / "suite"))
