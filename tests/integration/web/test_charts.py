import re
from itertools import combinations
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.charts import NARROW, WIDE, Limit, Mark, Panel, svg, wrapped

SVG = "{http://www.w3.org/2000/svg}"
LONGEST = "a" * 32 + "." + "b" * 32
HOSTILE = (
    "</text><script>alert(1)</script>",
    "]]><!--",
    '" onload="alert(1)',
    "&lt;&amp;&#0;",
    "\x00\x1b[31m\ud800\ufffe",
    "\u202egnorw",
)
CHARACTER = 8.06


def panel(*marks, limit=None, lo=0.0, hi=1.0):
    return Panel("Proportions", "share of samples", lo, hi, marks, limit)


def mark(label="accuracy", value=0.5, low=0.4, high=0.6, words="0.500 (0.400 to 0.600), n = 100"):
    return Mark(label, words, value, low, high)


def drawn(*panels, width=WIDE):
    return ET.fromstring(svg("Title", "Description", panels, width))  # noqa: S314 - our own


def texts(picture):
    return [item.text for item in picture.iter(f"{SVG}text")]


def boxes(picture):
    """Where each text lies: left, right, top, bottom, by the width of a monospaced font."""
    for item in picture.iter(f"{SVG}text"):
        x, y, width = float(item.get("x")), float(item.get("y")), len(item.text) * CHARACTER
        left = {"start": x, "end": x - width, "middle": x - width / 2}[
            item.get("text-anchor", "start")
        ]
        yield left, left + width, y - 11, y + 3


def test_a_picture_says_in_words_what_it_shows():
    picture = drawn(panel(mark()))
    assert picture.find(f"{SVG}title").text == "Title"
    assert picture.find(f"{SVG}desc").text == "Description"
    assert picture.get("role") == "img"
    assert {"accuracy", "0.500 (0.400 to 0.600), n = 100", "share of samples"} <= set(
        texts(picture)
    )


def test_a_point_lies_within_its_interval_and_on_the_axis_where_its_value_is():
    picture = drawn(panel(mark(value=0.25, low=0.0, high=1.0)))
    spans = [item for item in picture.iter(f"{SVG}line") if item.get("class") == "span"]
    left, right = float(spans[0].get("x1")), float(spans[0].get("x2"))
    point = float(picture.find(f"{SVG}circle").get("cx"))
    assert point == pytest.approx(left + (right - left) / 4, abs=0.1)


def test_a_bar_begins_at_the_lower_end_and_grows_with_its_value():
    marks = [Mark(name, name, value) for name, value in (("a", 0.2), ("b", 0.4))]
    bars = [item for item in drawn(panel(*marks)).iter(f"{SVG}rect") if item.get("class") == "bar"]
    widths = [float(bar.get("width")) for bar in bars]
    assert widths[1] == pytest.approx(2 * widths[0], abs=0.2)
    assert len({bar.get("x") for bar in bars}) == 1


def test_the_threshold_is_drawn_at_its_mark_only():
    limit = Limit(1, 0.7, 0.02, "decision threshold 0.700")
    picture = drawn(panel(mark("a"), mark("b"), limit=limit))
    lines = [item for item in picture.iter(f"{SVG}line") if item.get("class") == "limit"]
    upright = [item for item in lines if item.get("x1") == item.get("x2")]
    assert len(upright) == 1
    assert len([item for item in picture.iter(f"{SVG}rect") if item.get("class") == "zone"]) == 1
    assert "decision threshold 0.700" in texts(picture)
    assert drawn(panel(mark())).find(f".//{SVG}line[@class='limit']") is None


def test_values_outside_the_axis_stay_inside_the_picture():
    picture = drawn(panel(mark(value=9.0, low=-9.0, high=99.0)))
    places = [float(item.get(name)) for item in picture.iter(f"{SVG}line") for name in ("x1", "x2")]
    assert min(places) >= 0
    assert max(places) <= WIDE


def test_an_axis_of_one_point_is_drawn_all_the_same():
    assert len(texts(drawn(panel(mark(), lo=1.0, hi=1.0)))) > 2


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("ends", [(0.0, 1.0), (1.0, 5.0), (-100.0, 0.0), (0.0, 9e14)])
def test_no_text_covers_another_or_leaves_the_picture(width, ends):
    words = "0.962 (0.710 to 1.000), n = 9007199254740991 samples"
    limit = Limit(0, 0.7, 0.02, f"decision threshold 0.700 for {LONGEST}, inconclusive within 0.02")
    marks = [mark(LONGEST, words=words), mark("a", words=words), Mark(LONGEST, "0.100", 0.1)]
    picture = drawn(panel(*marks, limit=limit, lo=ends[0], hi=ends[1]), panel(mark()), width=width)
    found = list(boxes(picture))
    assert len(found) > 12
    for left, right, _, bottom in found:
        assert left >= -0.5
        assert right <= width + 0.5
        assert bottom <= float(picture.get("height"))
    for one, other in combinations(found, 2):
        apart = one[1] <= other[0] or other[1] <= one[0] or one[3] <= other[2] or other[3] <= one[2]
        assert apart, (one, other)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text):
    marks = (Mark(text, text, 0.5, 0.4, 0.6), Mark(text, text, 0.5))
    limit = Limit(0, 0.5, 0.1, text)
    picture = ET.fromstring(svg(text, text, [Panel(text, text, 0, 1, marks, limit)]))  # noqa: S314
    assert {item.tag.removeprefix(SVG) for item in picture.iter()} <= {
        *("svg", "title", "desc", "style", "rect", "line", "circle", "text"),
    }
    assert not [name for item in picture.iter() for name in item.attrib if name.startswith("on")]


@given(st.text(max_size=80), st.floats(-1e9, 1e9), st.floats(-1e9, 1e9))
def test_any_text_and_number_makes_well_formed_xml(text, lo, hi):
    marks = (Mark(text, text, lo, hi, lo), Mark(text, text, hi))
    source = svg(text, text, [Panel(text, text, lo, hi, marks)], NARROW)
    assert ET.fromstring(source).get("viewBox").startswith(f"0 0 {NARROW}")  # noqa: S314
    assert not re.search(r"nan|inf", source.split("</style>")[1].split("<text")[0])


@given(st.text(max_size=200), st.integers(1, 40))
def test_wrapped_lines_fit_and_lose_nothing(text, room):
    lines = wrapped(text, room)
    assert all(len(line) <= room for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())
