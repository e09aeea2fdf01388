"""Charts as SVG text: intervals and bars on one axis each, drawn from plain values.

Nothing here knows a report. A chart is shown by `<img>`, so it carries its own colours for both
schemes and needs no script. Each label has a line of its own above its mark, and every line is
cut to the width by counting characters of a monospaced font: text never covers text.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final
from xml.sax.saxutils import escape

WIDE: Final = 720
NARROW: Final = 288

_SIZE: Final = 13
# The widest advance of the monospaced fonts in use, a little rounded up.
_CHARACTER: Final = _SIZE * 0.62
_LINE: Final = 19
_MARK: Final = 20
_GAP: Final = 10
_PAD: Final = 8
_AXIS: Final = 46
_TICKS: Final = 4
_UNREADABLE: Final = "\N{REPLACEMENT CHARACTER}"

# Colours of at least 4.5 to 1 for text and 3 to 1 for marks, on the page's own background.
_STYLE: Final = f"""
svg{{color-scheme:light dark}}
text{{font:{_SIZE}px ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;fill:#182433}}
.head{{font-weight:700}}
.soft{{fill:#56616f}}
.paper{{fill:#ffffff}}
.track{{stroke:#c5ccd4;stroke-width:1}}
.axis{{stroke:#56616f;stroke-width:1}}
.span{{stroke:#1f5fa8;stroke-width:3}}
.point{{fill:#1f5fa8}}
.bar{{fill:#1f5fa8}}
.limit{{stroke:#b3261e;stroke-width:2;stroke-dasharray:5 3}}
.zone{{fill:#b3261e;fill-opacity:.14}}
@media (prefers-color-scheme:dark){{
text{{fill:#e6e9ee}}
.soft{{fill:#a9b3bf}}
.paper{{fill:#182433}}
.track{{stroke:#46535f}}
.axis{{stroke:#a9b3bf}}
.span{{stroke:#7fb4f0}}
.point,.bar{{fill:#7fb4f0}}
.limit{{stroke:#ff9b91}}
.zone{{fill:#ff9b91;fill-opacity:.2}}
}}
@media print{{text{{fill:#000}}.paper{{fill:#fff}}}}
"""


@dataclass(frozen=True, slots=True)
class Mark:
    """One line of a panel: its label, its figure in words, and where it lies on the axis.

    With `low` and `high` it is a point within an interval, without them a bar from the axis'
    lower end.
    """

    label: str
    words: str
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """A threshold for the mark at an index, with the half width of its inconclusive zone."""

    mark: int
    value: float
    margin: float
    words: str


@dataclass(frozen=True, slots=True)
class Panel:
    """Marks that share an axis from `lo` to `hi`; `unit` says what the axis counts."""

    title: str
    unit: str
    lo: float
    hi: float
    marks: tuple[Mark, ...]
    limit: Limit | None = None


def svg(title: str, description: str, panels: Sequence[Panel], width: int = WIDE) -> str:
    """A whole picture, `width` units wide. Whatever the texts hold, it is well-formed XML."""
    parts: list[str] = []
    y = float(_PAD)
    for panel in panels:
        for element, below in _panel(panel, y, width):
            parts.append(element)
            y = below
        y += _GAP
    height = round(y - _GAP + _PAD)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-labelledby="title description">'
        f'<title id="title">{_safe(title)}</title>'
        f'<desc id="description">{_safe(description)}</desc>'
        f"<style>{_STYLE}</style>"
        f'<rect class="paper" width="{width}" height="{height}" rx="4"/>{"".join(parts)}</svg>\n'
    )


def _panel(panel: Panel, y: float, width: int) -> Iterator[tuple[str, float]]:
    """The elements of a panel, each with the height that is used up to its lower end."""
    for line in wrapped(panel.title, _room(width)):
        y += _LINE
        yield _text(line, _PAD, y - 5, "head"), y
    tops = [y]
    for index, mark in enumerate(panel.marks):
        for element, below in _mark(panel, index, mark, y, width):
            yield element, below
            y = below
        y += _GAP
        tops.append(y)
    yield _axis(panel, y, width), y + _AXIS
    y += _AXIS
    if panel.limit is not None:
        yield _line(_PAD, y + _LINE - 9, _PAD + 22, y + _LINE - 9, "limit"), y + _LINE
        for line in wrapped(panel.limit.words, _room(width) - 4):
            y += _LINE
            yield _text(line, _PAD + 30, y - 5, "soft"), y


def _mark(
    panel: Panel, index: int, mark: Mark, y: float, width: int
) -> Iterator[tuple[str, float]]:
    room = _room(width)
    beside = len(mark.label) + 2 + len(mark.words) <= room
    y += _GAP
    for line in wrapped(mark.label, room):
        y += _LINE
        yield _text(line, _PAD, y - 5), y
    if beside:
        yield _text(mark.words, width - _PAD, y - 5, "soft", "end"), y
    else:
        for line in wrapped(mark.words, room):
            y += _LINE
            yield _text(line, _PAD, y - 5, "soft"), y
    yield _drawn(panel, index, mark, y, width), y + _MARK


def _drawn(panel: Panel, index: int, mark: Mark, y: float, width: int) -> str:
    middle = y + _MARK / 2
    parts = [_line(_PAD, middle, width - _PAD, middle, "track")]
    limit = panel.limit
    if limit is not None and limit.mark == index:
        at = _x(panel, limit.value, width)
        left = _x(panel, limit.value - limit.margin, width)
        right = _x(panel, limit.value + limit.margin, width)
        parts.append(_box(left, y, right - left, _MARK, "zone"))
        parts.append(_line(at, y, at, y + _MARK, "limit"))
    at = _x(panel, mark.value, width)
    if mark.low is None or mark.high is None:
        parts.append(_box(_PAD, y + 3, at - _PAD, _MARK - 6, "bar"))
    else:
        low, high = _x(panel, mark.low, width), _x(panel, mark.high, width)
        parts.append(_line(low, middle, high, middle, "span"))
        parts.extend(_line(end, middle - 6, end, middle + 6, "span") for end in (low, high))
        parts.append(f'<circle class="point" cx="{at:.1f}" cy="{middle:.1f}" r="5.5"/>')
    return "".join(parts)


def _axis(panel: Panel, y: float, width: int) -> str:
    texts = _tick_texts(panel, width)
    steps = len(texts) - 1
    parts = [_line(_PAD, y, width - _PAD, y, "axis")]
    for number, text in enumerate(texts):
        x = _PAD + (width - 2 * _PAD) * number / steps
        anchor = "start" if number == 0 else "end" if number == steps else "middle"
        parts.append(_line(x, y, x, y + 5, "axis"))
        parts.append(_text(text, x, y + 18, "soft", anchor))
    unit = wrapped(panel.unit, _room(width))[0]
    parts.append(_text(unit, width / 2, y + 36, "soft", "middle"))
    return "".join(parts)


def _tick_texts(panel: Panel, width: int) -> list[str]:
    """Even steps between the ends; only the ends where more would touch each other."""
    step = (panel.hi - panel.lo) / _TICKS
    texts = [f"{panel.lo + step * number:.4g}" for number in range(_TICKS + 1)]
    widest = max(len(text) for text in texts) + 2
    exact = all(float(a) < float(b) for a, b in pairwise(texts))
    fits = widest * len(texts) <= _room(width)
    return texts if exact and fits else [f"{panel.lo:.12g}", f"{panel.hi:.12g}"]


def wrapped(text: str, room: int) -> list[str]:
    """Cut a text into lines of at most `room` characters, between words where there are any."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        rest = word
        if line and len(line) + 1 + len(rest) > room:
            lines.append(line)
            line = ""
        while len(rest) > room:
            lines.append(rest[:room])
            rest = rest[room:]
        line = f"{line} {rest}" if line else rest
    return [*lines, line] if line or not lines else lines


def _room(width: int) -> int:
    return int((width - 2 * _PAD) / _CHARACTER)


def _x(panel: Panel, value: float, width: int) -> float:
    reach = panel.hi - panel.lo
    share = (value - panel.lo) / reach if reach > 0 else 0.0
    return _PAD + (width - 2 * _PAD) * min(max(share, 0.0), 1.0)


def _text(text: str, x: float, y: float, style: str = "", anchor: str = "start") -> str:
    named = f' class="{style}"' if style else ""
    anchored = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{x:.1f}" y="{y:.1f}"{named}{anchored}>{_safe(text)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, style: str) -> str:
    return f'<line class="{style}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _box(x: float, y: float, width: float, height: float, style: str) -> str:
    size = f'width="{max(width, 0.0):.1f}" height="{height:.1f}"'
    return f'<rect class="{style}" x="{x:.1f}" y="{y:.1f}" {size}/>'


def _safe(text: str) -> str:
    # XML has no way to write most control characters, nor half of a surrogate pair.
    return escape("".join(c if c.isprintable() else _UNREADABLE for c in text))
