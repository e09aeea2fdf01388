"""Every sample of verifiable_instructions can be satisfied, and each of its constraints bites."""

import json
import re
from pathlib import Path

from evals import scorers
from evals.suite import Sample

FILE = Path(__file__).resolve().parents[3] / "evals/catalog/verifiable_instructions/samples.jsonl"
ROWS = [json.loads(line) for line in FILE.read_text().splitlines()]
SCORER = {"name": "instructions", "options": {}}
FILLER = "pebble"


def score(row, text):
    return scorers.score(SCORER, text, Sample(row["id"], [], row["checks"], {}))


def ideal(row):
    """Write a dull text that keeps every constraint of a row."""
    asked = {item["id"]: item for item in row["checks"]["instructions"]}
    wanted = list(asked.get("includes", {}).get("words", []))
    keyword = asked.get("keyword", {})
    wanted += [keyword.get("of")] * keyword.get("exactly", keyword.get("at_least", 0))
    text = _body(asked, wanted)
    if "starts_with" in asked:
        text = f"{asked['starts_with']['text']} {text}"
    if "ends_with" in asked:
        text = f"{text} {asked['ends_with']['text']}"
    if "lowercase" in asked:
        text = text.lower()
    if "uppercase" in asked:
        text = text.upper()
    return f'"{text}"' if "quoted" in asked else text


def _body(asked, wanted):
    if "json" in asked:
        return json.dumps(dict.fromkeys(wanted, FILLER))
    if "bullets" in asked:
        lines = [" ".join(["-", *wanted, FILLER])]
        return "\n".join(lines + [f"- {FILLER}"] * (asked["bullets"]["exactly"] - 1))
    parts = max(asked.get(name, {}).get("exactly", 1) for name in ("sentences", "paragraphs"))
    least = max(asked.get("words", {}).get("at_least", 0), len(wanted), parts)
    words = wanted + [FILLER] * (least - len(wanted))
    chunks = [" ".join(words[: -parts + 1 or None]), *words[len(words) - parts + 1 :]]
    return ("\n\n" if "paragraphs" in asked else " ").join(f"{chunk}." for chunk in chunks)


def spoilt(text, item):
    """Break one constraint of a text that keeps them all."""
    name = item["id"]
    if name == "words" and "at_most" not in item:
        return f"{FILLER}."
    if name in ("includes", "keyword") and not item.get("exactly"):
        gone = item.get("of") or item["words"][-1]
        return re.sub(rf"\b{gone}\b", FILLER, text, flags=re.IGNORECASE)
    if name == "json":
        return f"Here it is: {text}"
    if name == "starts_with":
        return f"Well. {text}"
    return (
        text
        + {
            "words": f" {FILLER}" * 200,
            "sentences": f" One more {FILLER}.",
            "paragraphs": f"\n\nOne more {FILLER}.",
            "bullets": f"\n- one more {FILLER}",
            "keyword": f" {item.get('of')}",
            "excludes": f" {item.get('words', [''])[0].upper()}",
            "lowercase": f" {FILLER.upper()}",
            "uppercase": f" {FILLER}",
            "no_commas": ", and so on",
            "ends_with": " And so on.",
            "quoted": " and so on",
        }[name]
    )


def test_a_text_that_keeps_everything_scores():
    assert len(ROWS) == 240
    assert [row["id"] for row in ROWS if score(row, ideal(row)) != 1] == []


def test_breaking_any_one_constraint_costs_the_point():
    broken = [(row, item) for row in ROWS for item in row["checks"]["instructions"]]
    unpunished = [row["id"] for row, item in broken if score(row, spoilt(ideal(row), item)) != 0]
    assert unpunished == []


def test_what_is_checked_is_asked_for():
    for row in ROWS:
        prompt = row["prompt"]
        for item in row["checks"]["instructions"]:
            bounds = [item[name] for name in ("exactly", "at_least", "at_most") if name in item]
            texts = [item[name] for name in ("of", "text") if name in item]
            assert all(re.search(rf"\b{bound}\b", prompt) for bound in bounds)
            assert all(f'"{text}"' in prompt for text in texts + item.get("words", []))


def test_no_constraint_forbids_what_another_one_asks_for():
    for row in ROWS:
        found = {item["id"]: item for item in row["checks"]["instructions"]}
        assert len(found) == len(row["checks"]["instructions"])
        assert not {"lowercase", "uppercase"} <= found.keys()
