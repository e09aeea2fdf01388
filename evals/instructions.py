"""Instructions that a program can verify in an output, by the ids of `evals.targets`.

Expressions are written so that no output, however long, takes more than linear time.
"""

import json
import re
from collections.abc import Callable, Mapping

from evals.targets import COUNTS, COUNTS_OF

_WORD = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")
_SENTENCE_END = re.compile(r"(?<![.!?])[.!?]++(?=[\s\"')\]\u201d*]|\Z)")
_PARAGRAPH = re.compile(r"\n[ \t]*\n\s*")
_BULLET = re.compile(r"^[ \t]*[-*\u2022][ \t]+\S", re.MULTILINE)
_HIGHLIGHT = re.compile(
    r"(?<!\*)\*[^\s*](?:[^*\n]*[^\s*])?\*(?!\*)|\*\*[^\s*](?:[^*\n]*[^\s*])?\*\*"
)
_PLACEHOLDER = re.compile(r"\[[^\[\]\n]+\]")
_TITLE = re.compile(r"<<(?=[^<>\n]*[^\s<>])[^<>\n]+>>")
_FENCE = re.compile(r"\A```(?:json)?\s*\n(.*)\n```\Z", re.DOTALL | re.IGNORECASE)
_SHORTEST_QUOTE = 2


def followed(instruction: Mapping[str, object], output: str) -> bool:
    """Tell whether an output follows one instruction; an empty one follows none."""
    text = output.strip()
    name = str(instruction["id"])
    if not text:
        return False
    if name in COUNTS or name in COUNTS_OF:
        found = _COUNTERS[name](text, str(instruction.get("of", "")))
        return _within(found, instruction)
    return _CHECKS[name](text, instruction)


def words(text: str) -> list[str]:
    """Split a text into words: runs of letters and digits, joined by apostrophes and hyphens."""
    return _WORD.findall(text)


def _within(found: int, bounds: Mapping[str, object]) -> bool:
    exactly = bounds.get("exactly", found)
    least, most = bounds.get("at_least", found), bounds.get("at_most", found)
    if not (isinstance(exactly, int) and isinstance(least, int) and isinstance(most, int)):
        return False
    return found == exactly and least <= found <= most


def _sentences(text: str, _of: str) -> int:
    ends = list(_SENTENCE_END.finditer(text))
    rest = text[ends[-1].end() :] if ends else text
    return len(ends) + bool(_WORD.search(rest))


def _keyword(text: str, of: str) -> int:
    return len(re.findall(rf"(?<!\w){re.escape(of)}(?!\w)", text, re.IGNORECASE))


def _includes(text: str, instruction: Mapping[str, object]) -> bool:
    return all(_keyword(text, word) for word in _list(instruction))


def _excludes(text: str, instruction: Mapping[str, object]) -> bool:
    return not any(_keyword(text, word) for word in _list(instruction))


def _list(instruction: Mapping[str, object]) -> list[str]:
    found = instruction.get("words")
    return [str(word) for word in found] if isinstance(found, list) else []


def _is_json(text: str, _instruction: Mapping[str, object]) -> bool:
    fenced = _FENCE.match(text)
    try:
        json.loads(fenced[1] if fenced else text)
    except (ValueError, RecursionError):
        return False
    return True


def _is_quoted(text: str, _instruction: Mapping[str, object]) -> bool:
    return len(text) > _SHORTEST_QUOTE and text[0] == text[-1] == '"'


def _has_postscript(text: str, instruction: Mapping[str, object]) -> bool:
    marker = re.escape(str(instruction["text"]))
    return re.search(rf"^[ \t]*{marker}\s*\S", text, re.MULTILINE) is not None


_COUNTERS: dict[str, Callable[[str, str], int]] = {
    "words": lambda text, _of: len(words(text)),
    "sentences": _sentences,
    "paragraphs": lambda text, _of: len(_PARAGRAPH.split(text)),
    "bullets": lambda text, _of: len(_BULLET.findall(text)),
    "highlights": lambda text, _of: len(_HIGHLIGHT.findall(text)),
    "placeholders": lambda text, _of: len(_PLACEHOLDER.findall(text)),
    "capitals": lambda text, _of: sum(word.isupper() for word in words(text)),
    "keyword": _keyword,
    "letter": lambda text, of: text.lower().count(of.lower()),
}
_CHECKS: dict[str, Callable[[str, Mapping[str, object]], bool]] = {
    "no_commas": lambda text, _one: "," not in text,
    "lowercase": lambda text, _one: text == text.lower(),
    "uppercase": lambda text, _one: text == text.upper(),
    "json": _is_json,
    "title": lambda text, _one: _TITLE.search(text) is not None,
    "quoted": _is_quoted,
    "starts_with": lambda text, one: text.startswith(str(one["text"]).strip()),
    "ends_with": lambda text, one: text.endswith(str(one["text"]).strip()),
    "postscript": _has_postscript,
    "includes": _includes,
    "excludes": _excludes,
}
