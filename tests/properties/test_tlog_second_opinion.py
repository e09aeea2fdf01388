"""The verifier's own arithmetic against the gate's: two programs, one meaning."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.disclosure import bits, cells, figures
from harness.documents import envelope, signer, statements
from harness.tlog import arithmetic, checks_figures, keys, statement
from harness.tlog.errors import ReadError
from harness.tlog.reader import Node

_LABELS = ("a", "b", "c", "d")


_SUMS = (
    "proportion", "bounded_mean", "bounded_count", "pass_at_k", "rate", "second_moment",
)  # fmt: skip
_RANGED = ("bounded_mean", "second_moment")


@st.composite
def _cells(draw, kinds=(*_SUMS, "ratio", "histogram", "ordered")):
    kind = draw(st.sampled_from(kinds))
    lo = draw(st.integers(-50, 50)) if kind in _RANGED else 0
    span = 1 if kind == "proportion" else draw(st.integers(1, 100))
    labels = _LABELS[: draw(st.integers(2, 4))] if kind in ("histogram", "ordered") else ()
    percents = st.lists(st.integers(1, 99), min_size=1, max_size=9, unique=True).map(sorted)
    exposure = cells.Exposure("turns" if kind == "ratio" else None, draw(st.integers(1, 70)))
    return cells.Cell(
        id="c",
        metric="m",
        kind=cells.Kind({"ratio": "rate", "ordered": "histogram"}.get(kind, kind)),
        lo=lo,
        hi=len(labels) - 1 if labels else lo + span,
        labels=labels,
        unit=draw(st.integers(5, 40)),
        n=draw(st.integers(20, 3000)),
        attempts=draw(st.integers(1, span)) if kind == "pass_at_k" else 0,
        exposure=exposure if kind in ("rate", "ratio") else None,
        percentiles=tuple(draw(percents)) if kind == "ordered" else (),
    )


def _levels(draw, cell):
    top = cells.grid(cell.n, cell.unit)
    if not cell.labels:
        return tuple(draw(st.integers(0, top)) for _ in range(2 if cell.two_levels else 1))
    inner = len(cell.labels) - 1
    cuts = sorted(draw(st.lists(st.integers(0, top), min_size=inner, max_size=inner)))
    return tuple(b - a for a, b in zip([0, *cuts], [*cuts, top], strict=True))


def _accept(cell, figure, epochs):
    [mine] = arithmetic.read_cells(Node([cells.to_entry(cell)], "metrics"))
    checks_figures.check_metric(Node(figure, "metric"), mine, Node(epochs, "epochs"))


@given(_cells(), st.integers(1, 10), st.data())
def test_a_released_figure_is_accepted(cell, epochs, data):
    value = _levels(data.draw, cell)
    _accept(cell, figures.figure(cell, value, epochs), epochs)


@given(_cells(_SUMS), st.integers(1, 10), st.data())
def test_a_moved_interval_is_not(cell, epochs, data):
    figure = figures.figure(cell, _levels(data.draw, cell), epochs)
    end = data.draw(st.sampled_from(["low", "high"]))
    step = data.draw(st.sampled_from([-1, 1]))
    thousandths = Node(figure["interval"][end], "end").thousandths() * 1000 + step
    figure["interval"][end] = arithmetic.rounded(thousandths / 1000)
    with pytest.raises(ReadError):
        _accept(cell, figure, epochs)


@given(_cells(["ratio", "ordered"]), st.data())
def test_another_reading_of_the_same_levels_is_not(cell, data):
    figure = figures.figure(cell, _levels(data.draw, cell))
    if cell.two_levels:
        shown = figure["shown"]
        figure["shown"] = data.draw(st.sampled_from([None, "0.000", "1.000", "7.125"]))
        changed = figure["shown"] != shown
    else:
        place = data.draw(st.integers(0, len(cell.percentiles) - 1))
        label = figure["percentiles"][place]["label"]
        figure["percentiles"][place]["label"] = data.draw(st.sampled_from(_LABELS))
        changed = figure["percentiles"][place]["label"] != label
    if changed:
        with pytest.raises(ReadError):
            _accept(cell, figure, 1)
    else:
        _accept(cell, figure, 1)


@given(
    st.lists(_cells(), min_size=1, max_size=6),
    st.booleans(),
    st.booleans(),
    st.lists(st.sampled_from(["late", "slow", "other"]), unique=True),
    st.sampled_from(["fixed", "on_completion"]),
    st.integers(1, 5000),
    st.integers(1, 5000),
    st.integers(1, 600),
)
def test_alphabets_agree(found, buckets, identity, deviations, mode, wall, within, grid):
    policy = bits.Policy(
        release=bits.Release(mode),
        window_s=wall + within,
        grid_s=grid,
        buckets=buckets,
        identity_verdict=identity,
        deviations=tuple(deviations),
    )
    protocol = {
        "disclosure": {
            "completeness": "buckets" if buckets else "hidden",
            "identity_verdict": identity,
            "deviations": deviations,
            "release": {"mode": mode, "grid_s": grid},
        },
        "budget": {"run_wall_clock_s": wall, "start_within_s": within},
    }
    entries = [cells.to_entry(cell) | {"id": f"c{n}"} for n, cell in enumerate(found)]
    mine = arithmetic.read_cells(Node(entries, "metrics"))
    count = arithmetic.alphabet(Node(protocol, "protocol"), mine)
    assert count == bits.report_alphabet(found, policy)
    assert arithmetic.bits_text(count) == bits.text(bits.microbits(count))


@given(st.integers(1, 2**200))
def test_bits_agree(count):
    assert arithmetic.bits_text(count) == bits.text(bits.microbits(count))


@pytest.mark.parametrize("algorithm", ["p256", "ed25519"])
def test_a_sealed_statement_is_read_and_verified(algorithm):
    digest = "sha256:" + "a" * 64
    key = signer.generate(algorithm)
    payload = statements.statement(
        "run-end",
        {"protocol": digest},
        {"run": "run1", "ordinal": 1, "outcome": "RELEASED"},
        issued_at="2026-01-02T03:04:05Z",
        nonce="0" * 32,
        prev=None,
    )
    sealed = envelope.seal(payload, key)
    read = statement.read_envelope(sealed.to_bytes())
    read.check_signature(key.public.der)
    assert keys.key_id(key.public.der) == key.public.key_id
    said = statement.read_statement(read, "run-end")
    assert (said.digest, said.subjects) == (sealed.pae_digest, {"protocol": digest})
    assert said.predicate["outcome"].text() == "RELEASED"
