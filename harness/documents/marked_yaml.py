"""YAML as authors may write it: mappings, lists, text, integers, true, false, null; with lines.

YAML guesses types (`no`, `1:30`, `2024-01-01`, `0.7`). A guess that could surprise is refused
with advice to use quotes; so are duplicate keys, tags, anchors and aliases.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

import yaml

MAX_BYTES = 1024 * 1024
MAX_INT = 2**53 - 1

_TAG = "tag:yaml.org,2002:"
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,15})\Z")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
_SURROGATE = re.compile("[\ud800-\udfff]")


class Marked(NamedTuple):
    """What a file says. `lines` maps a path such as `metrics[0].score.hi` to its line, from 1."""

    value: object
    lines: dict[str, int]
    problems: list[tuple[int, str, str]]

    def line(self, path: str) -> int:
        """Find the line of a path, or of the nearest thing around it."""
        while path and path not in self.lines:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.lines.get(path, 1)


def read(body: bytes) -> Marked:
    """Read one YAML document; `problems` are (line, path, message). Raises nothing."""
    marked = Marked(None, {}, [])
    if len(body) > MAX_BYTES:
        marked.problems.append((1, "", f"is larger than {MAX_BYTES} bytes"))
        return marked
    try:
        node = yaml.compose(body.decode("utf-8"), Loader=yaml.SafeLoader)
        return marked._replace(value=_value(node, "", marked, set()) if node else None)
    except UnicodeDecodeError:
        marked.problems.append((1, "", "is not UTF-8"))
    except RecursionError:
        marked.problems.append((1, "", "is nested too deeply"))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        marked.problems.append((line, "", f"is not YAML: {error.problem or 'it cannot be read'}"))
    except yaml.YAMLError:
        marked.problems.append((1, "", "is not YAML: a character is not allowed"))
    return marked


def _value(node: yaml.Node, path: str, marked: Marked, seen: set[int]) -> object:
    if id(node) in seen:  # an alias is the very node of its anchor, with the anchor's line
        marked.problems.append((marked.line(path), path, "must not use an alias"))
        return None
    seen.add(id(node))
    line = node.start_mark.line + 1
    marked.lines.setdefault(path, line)
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node, path, marked)
    if node.tag not in (f"{_TAG}map", f"{_TAG}seq"):
        marked.problems.append((line, path, "must not carry a tag"))
        return None
    if isinstance(node, yaml.SequenceNode):
        return [
            _value(item, f"{path}[{index}]", marked, seen) for index, item in enumerate(node.value)
        ]
    return {
        name: _value(item, here, marked, seen) for name, here, item in _pairs(node, path, marked)
    }


def _pairs(node: yaml.Node, path: str, marked: Marked) -> Iterator[tuple[str, str, yaml.Node]]:
    names = set()
    for key, item in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode) or _SURROGATE.search(key.value):
            marked.problems.append((line, path, "must have plain text as keys"))
            continue
        here = f"{path}.{key.value}" if path else key.value
        if key.value in names:
            marked.problems.append((line, here, "appears twice"))
            continue
        names.add(key.value)
        marked.lines[here] = line
        yield key.value, here, item


def _scalar(node: yaml.ScalarNode, path: str, marked: Marked) -> object:
    text: str = node.value
    if node.tag == f"{_TAG}str":
        if not _SURROGATE.search(text):
            return text
        message = "holds half a character"
    elif node.tag == f"{_TAG}int" and _INTEGER.match(text) and abs(int(text)) <= MAX_INT:
        return int(text)
    elif node.tag in (f"{_TAG}bool", f"{_TAG}null") and text in _WORDS:
        return _WORDS[text]
    else:
        message = "must be in quotes: YAML would read it as something else than text"
    marked.problems.append((node.start_mark.line + 1, path, message))
    return None
