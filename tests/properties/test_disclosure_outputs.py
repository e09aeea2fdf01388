"""What one output can change, by trying all that it can be, against the bound that is printed."""

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.disclosure.accountant import Caps
from harness.disclosure.bits import Policy, Release, microbits, report_alphabet, text
from harness.disclosure.cells import Cell, Exposure, Group, Kind, round_total
from harness.disclosure.metrics import Field, Plan, aggregate
from harness.disclosure.outputs import choices, output_alphabet
from harness.disclosure.preview import Spending, of_one_output, preview

SAMPLES = tuple({"topic": "law" if i % 2 else "art"} for i in range(8))
FIELDS = (Field("correct", 0, 1), Field("steps", 0, 3), Field("mood", -1, 1), Field("kind", 0, 2))
LAW = Group("topic", "law")


def cell(name, metric, kind, lo, hi, n=8, unit=1, group=None, labels=(), **parts):
    return Cell(name, metric, kind, lo, hi, labels, unit, n, group, **parts)


CELLS = (
    cell("accuracy", "correct", Kind.PROPORTION, 0, 1),
    cell("accuracy.law", "correct", Kind.PROPORTION, 0, 1, 4, group=LAW),
    cell("solved", "steps", Kind.BOUNDED_COUNT, 0, 3),
    cell("pass", "steps", Kind.PASS_AT_K, 0, 3, attempts=2),
    cell("moods", "mood", Kind.SECOND_MOMENT, -1, 1),
    cell("per", "steps", Kind.RATE, 0, 3, exposure=Exposure("correct", 1)),
    cell("kinds", "kind", Kind.HISTOGRAM, 0, 2, labels=("a", "b", "c")),
)
ALL = [(a, b, c, d) for a in range(2) for b in range(4) for c in range(-1, 2) for d in range(3)]


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from(ALL), min_size=16, max_size=16),
    st.integers(0, 7),
    st.integers(1, 2),
    st.sets(st.sampled_from(CELLS), min_size=1),
)
def test_one_output_reaches_no_more_levels_than_it_is_said_to_choose(scores, which, epochs, some):
    plan = Plan(FIELDS, SAMPLES, epochs)
    cells = tuple(some)
    rows = [(i, e, scores[8 * e + i]) for i in range(8) for e in range(epochs)]
    reached = set()
    for values in ALL:
        changed = [(i, e, values if (i, e) == (which, 0) else v) for i, e, v in rows]
        totals = aggregate(changed, plan, cells)
        reached.add(tuple(round_total(c, t) for c, t in zip(cells, totals, strict=True)))
    assert len(reached) <= choices(cells)


def test_a_lone_proportion_and_a_lone_histogram_are_reached_in_full():
    assert choices(CELLS[:1]) == 2
    assert choices(CELLS[6:]) == 3
    assert choices(CELLS[5:6]) == 4
    # Two figures of one score can move apart, but the output has two values only.
    assert choices(CELLS[:2]) == 2


def test_the_worked_example_and_its_other_factors():
    topics = [Group("topic", f"g{i}") for i in range(5)]
    example = (
        cell("accuracy", "correct", Kind.PROPORTION, 0, 1, 500, 5),
        *(cell(f"a.{g.label}", "correct", Kind.PROPORTION, 0, 1, 100, 5, g) for g in topics),
        cell("refusals", "refused", Kind.PROPORTION, 0, 1, 500, 5),
        cell("outcome", "kind", Kind.HISTOGRAM, 0, 3, 500, 5, labels=("a", "b", "c", "d")),
    )  # fmt: skip
    assert output_alphabet(example, Policy()) == 2 * 2 * 4 + 1
    assert text(microbits(17)) == "4.087"
    assert output_alphabet(example, Policy(buckets=True)) == 16 * 2 + 1
    # When the report appears can depend on one long reply.
    late = Policy(Release.ON_COMPLETION, window_s=600, grid_s=60)
    assert output_alphabet(example, late) == 11 * 17


def test_it_is_never_more_than_the_whole_report():
    tiny = (cell("kinds", "kind", Kind.HISTOGRAM, 0, 2, 1, 1, labels=("a", "b", "c")),)
    assert output_alphabet(tiny, Policy()) == report_alphabet(tiny, Policy()) == 4


def test_preview_says_the_bound_or_why_there_is_none():
    told = preview(CELLS[:1], Policy(), Caps(), Spending(1, 1, 1, 1, 1, 1)).words[-1]
    assert told == of_one_output(CELLS[:1], Policy(), "")
    assert "at most 1.585 bits" in told
    assert of_one_output(CELLS, Policy(), "they meet") == (
        "No smaller bound holds for a single output: they meet."
    )
