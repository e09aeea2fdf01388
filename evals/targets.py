"""What a sample's target must look like for each scorer, checked before a suite is packed.

A target for `instructions` is `{"instructions": [{"id": …, …}, …]}`. An instruction that counts
takes one or more of `exactly`, `at_least` and `at_most`.
"""

import re
from collections.abc import Mapping

from evals import wire

COUNTS = ("words", "sentences", "paragraphs", "bullets", "highlights", "placeholders", "capitals")
COUNTS_OF = ("keyword", "letter")  # with `of`: the word or letter to count
PLAIN = ("no_commas", "lowercase", "uppercase", "json", "title", "quoted")
TEXTS = ("starts_with", "ends_with", "postscript")  # with `text`
LISTS = ("includes", "excludes")  # with `words`
BOUNDS = ("exactly", "at_least", "at_most")
BEHAVIOURS = ("comply", "refuse")

Target = str | list[str] | dict[str, object]


def normal_target(value: object) -> Target | None:
    """Read a data row's target column: text, a list of texts, an object; an integer is text.

    None means that it is none of these.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and value:
        return value
    if isinstance(value, dict) and value:
        return value
    if isinstance(value, list) and value and all(isinstance(item, str) and item for item in value):
        return value
    return None


def target_problem(scorer: Mapping[str, object], target: Target, highest: int) -> str | None:
    """Say what makes a target useless to a scorer whose metric ends at `highest`, or None."""
    name, options = scorer.get("name"), scorer.get("options")
    if name == "instructions":
        each = isinstance(options, dict) and options.get("count") == "each"
        return _instructions_problem(target, highest if each else wire.MAX_INT)
    if isinstance(target, dict):
        # What the suite's own program makes of a target is its own affair.
        taken = name == "program"
        return None if taken else f"must be text or a list of texts for the scorer {name}"
    texts = [target] if isinstance(target, str) else target
    if name == "numeric" and not all(re.fullmatch(wire.DECIMAL, text) for text in texts):
        return "must be a plain decimal number for the scorer numeric"
    if name == "choice":
        letters = options.get("letters", "ABCD") if isinstance(options, dict) else "ABCD"
        if not all(len(text) == 1 and text in str(letters) for text in texts):
            return f"must be one of the letters {letters} for the scorer choice"
    if name == "refusal" and texts[0] not in BEHAVIOURS:
        return 'must be "comply" or "refuse" for the scorer refusal'
    return None


def _instructions_problem(target: Target, most: int) -> str | None:
    found = target.get("instructions") if isinstance(target, dict) else None
    if not isinstance(found, list) or not found or len(target) != 1:
        return 'must be {"instructions": [one or more]} for the scorer instructions'
    if len(found) > most:
        return f"has more than {most} instructions, the highest score of its metric"
    for position, item in enumerate(found):
        if not isinstance(item, dict):
            return f"instructions[{position}] must be an object"
        wrong = _instruction_problem(item)
        if wrong:
            return f"instructions[{position}] {wrong}"
    return None


def _instruction_problem(item: Mapping[str, object]) -> str | None:
    name = item.get("id")
    given = set(item) - {"id"}
    if name in COUNTS or name in COUNTS_OF:
        bounds = given & set(BOUNDS)
        if not bounds or not all(_is_count(item[bound]) for bound in bounds):
            return "needs exactly, at_least or at_most, each a whole number"
        given -= bounds
    wanted = {"of"} if name in COUNTS_OF else {"text"} if name in TEXTS else set()
    wanted = {"words"} if name in LISTS else wanted
    if name not in (*COUNTS, *COUNTS_OF, *PLAIN, *TEXTS, *LISTS):
        return "has an unknown id"
    if given != wanted:
        return "needs " + (", ".join(sorted(wanted)) or "no further field") + " and nothing else"
    words = item.get("words", ["x"])
    texts = [
        item.get("of", "x"),
        item.get("text", "x"),
        *(words if isinstance(words, list) else [0]),
    ]
    if not all(isinstance(text, str) and text.strip() for text in texts) or not words:
        return "needs text that is not empty"
    if name == "letter" and len(str(item["of"])) != 1:
        return "needs one letter"
    return None


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value <= wire.MAX_INT
