"""Checks of the figures: the report is one value of the alphabet that the protocol declared.

Each check takes the chain, returns a short finding and raises TlogError when it fails.
"""

from math import prod

from harness.tlog import arithmetic, intervals, privacy
from harness.tlog.arithmetic import HISTOGRAM, PAIRED, Cell
from harness.tlog.bundle import Kind
from harness.tlog.chain import Chain
from harness.tlog.errors import CheckError
from harness.tlog.reader import Node, canonical

_BUCKETS = {"≥ 99 %", "95–99 %"}  # noqa: RUF001 - as the report prints them
_VERDICTS = {"met", "not met", "inconclusive"}


def shape(chain: Chain) -> str:
    """Check every figure against its declared grid, and every quoted term with the protocol."""
    protocol, report = chain.protocol, chain.report
    cells = arithmetic.read_cells(protocol["analysis"]["metrics"])
    metrics = report["metrics"].items()
    if len(metrics) != len(cells):
        raise CheckError("the report has more or fewer metrics than the protocol")
    for node, cell in zip(metrics, cells, strict=True):
        check_metric(node, cell, protocol["harness"]["epochs"])
    privacy.check(protocol, report, cells)
    _terms(protocol, report)
    _compared(chain, cells)
    _claim(protocol["claim"], report["claim"])
    _symbols(protocol["disclosure"], report)
    return f"{len(cells)} of {len(cells)} metrics"


def bits(chain: Chain) -> str:
    """Check that the bits were counted rightly and are those charged before the run."""
    disclosure = chain.protocol["disclosure"]
    cells = arithmetic.read_cells(chain.protocol["analysis"]["metrics"])
    count = arithmetic.alphabet(chain.protocol, cells)
    text = arithmetic.bits_text(count)
    _charged(disclosure, count, text, "the protocol")
    for start in chain.all_of(Kind.RUN_START):
        _charged(start.predicate, count, text, "a run-start")
        privacy.check_charged(chain.protocol, start.predicate)
    for refund in chain.all_of(Kind.RUN_REFUND):
        if refund.predicate["bits"].text() != text:
            raise CheckError("a run-refund gives back other bits than were charged")
    _charged(chain.report["disclosure"], count, text, "the report")
    cap = chain.report["disclosure"]["pair_cap_bits"].text().removesuffix(".000")
    if cap != str(disclosure["ledger"]["pair"].integer()):
        raise CheckError("the report states another yearly cap than the protocol")
    # count <= 2**cap, without computing a power that a hostile protocol could make huge.
    if (count - 1).bit_length() > disclosure["bits_cap"].integer():
        raise CheckError("the protocol allows more bits than its own cap")
    return f"{text} bits"


def _charged(node: Node, count: int, text: str, who: str) -> None:
    if node["alphabet"].text() != str(count) or node["bits"].text() != text:
        raise CheckError(f"{who} states another alphabet than the protocol's terms give")


def check_metric(node: Node, cell: Cell, epochs: Node) -> None:
    """Check one metric of a report against its declared grid. Raises ReadError."""
    level = "levels" if cell.kind == HISTOGRAM or cell.ratio else "level"
    read = ("percentiles",) if cell.percents else ()
    node.exactly("id", "kind", "group", "n", "unit", level, "shown", "interval", *read)
    declared = {
        "id": cell.id,
        "kind": cell.kind,
        "group": cell.group,
        "n": cell.n,
        "unit": cell.unit,
    }
    for name, value in declared.items():
        if not _equal(node[name].value, value):
            node[name].fail("is not what the protocol declares")
    if cell.kind == HISTOGRAM:
        _histogram(node, cell)
        return
    if cell.ratio:
        _ratio(node, cell)
        return
    found = node["level"].integer(cell.least, cell.top)
    if node["shown"].text() != arithmetic.shown(cell, found):
        node["shown"].fail("does not follow from the level")
    if cell.kind == PAIRED:
        _no_interval(node, "a difference")
    elif not node["interval"].is_null():
        intervals.check(node["interval"], cell, found, epochs)


def _histogram(node: Node, cell: Cell) -> None:
    found = [item.integer(0, cell.top) for item in node["levels"].items()]
    if len(found) != len(cell.labels) or sum(found) != cell.top:
        node["levels"].fail("do not share out the declared grid")
    shown = node["shown"].exactly(*cell.labels)
    for label, level in zip(cell.labels, found, strict=True):
        if shown[label].text() != arithmetic.shown(cell, level):
            node["shown"].fail("does not follow from the levels")
    _no_interval(node, "a histogram")
    if cell.percents:
        _percentiles(node["percentiles"], cell, found)


def _percentiles(node: Node, cell: Cell, found: list[int]) -> None:
    items = list(node.items(len(cell.percents)))
    if len(items) != len(cell.percents):
        node.fail("are not those that the protocol declares")
    for item, percent in zip(items, cell.percents, strict=True):
        item.exactly("percent", "label")
        item["percent"].integer(percent, percent)
        if item["label"].text() != arithmetic.percentile(cell, found, percent):
            item["label"].fail("does not follow from the levels")


def _ratio(node: Node, cell: Cell) -> None:
    found = [item.integer(0, cell.top) for item in node["levels"].items(2)]
    if len(found) != 2:  # noqa: PLR2004 - a count, and what it is counted per
        node["levels"].fail("are not two")
    expected = arithmetic.shown_ratio(cell, *found)
    shown = None if node["shown"].is_null() else node["shown"].text()
    if shown != expected:
        node["shown"].fail("does not follow from the levels")
    _no_interval(node, "a ratio")


def _no_interval(node: Node, kind: str) -> None:
    if not node["interval"].is_null():
        node["interval"].fail(f"is given for {kind}")


def _terms(protocol: Node, report: Node) -> None:
    pairs = (
        (report["suite"], protocol["suite"]["digest"]),
        (report["image"], protocol["suite"]["image"]),
        (report["model"]["vendor"], protocol["parties"]["vendor"]["organisation"]),
        (report["model"]["model"], protocol["system"]["model"]),
        (report["model"]["snapshot"], protocol["system"]["snapshot"]),
        (report["claim"]["sentence"], protocol["claim"]["sentence"]),
        (report["scorer_mode"], protocol["harness"]["scorer_mode"]),
        (report["phases"], protocol["harness"]["phases"]),
    )
    for quoted, original in pairs:
        if quoted.text() != original.text():
            quoted.fail("is not what the protocol says")


def _compared(chain: Chain, cells: list[Cell]) -> None:
    """Differences are to the run that was named, and counted, when this one was started."""
    declared, found = chain.protocol["analysis"]["compared"], chain.report["compared"]
    count = prod(arithmetic.levels(cell) for cell in cells if cell.kind == PAIRED)
    for start in chain.all_of(Kind.RUN_START):
        named = start.predicate["compared"]
        if named.is_null() != declared.is_null() or declared.is_null() != (count == 1):
            raise CheckError("a run-start compares otherwise than the protocol says")
        if declared.is_null():
            continue
        if named.exactly("run", "report", "alphabet")["alphabet"].text() != str(count):
            raise CheckError("a run-start charges another model otherwise than the terms give")
        own = start.predicate["run"].text() == chain.report["run"]["id"].text()
        if own and (found.is_null() or not _same_run(found, named)):
            raise CheckError("the report compares with another run than was named at its start")
    if declared.is_null():
        if not found.is_null():
            found.fail("is given where the protocol compares with nothing")
        return
    found.exactly("vendor", "model", "run", "report")
    for name in ("vendor", "model"):
        if found[name].text() != declared[name].text():
            found[name].fail("is not what the protocol says")


def _same_run(found: Node, named: Node) -> bool:
    return all(found[name].text() == named[name].text() for name in ("run", "report"))


def _claim(declared: Node, found: Node) -> None:
    verdict = found["verdict"].text()
    allowed = {"none"} if declared["decision"].is_null() else _VERDICTS
    if verdict not in allowed:
        found["verdict"].fail("is none the protocol allows")


def _symbols(disclosure: Node, report: Node) -> None:
    completeness = report["completeness"]
    hidden = disclosure["completeness"].text() != "buckets"
    if completeness.is_null() != hidden or not (hidden or completeness.text() in _BUCKETS):
        completeness.fail("is none the protocol allows")
    # Their order must say nothing, so it is the protocol's.
    named = [item.text() for item in report["deviations"].items()]
    if named != [d for d in (i.text() for i in disclosure["deviations"].items()) if d in named]:
        report["deviations"].fail("are none the protocol allows, or in another order")


def _equal(left: object, right: object) -> bool:
    # Python takes true for 1; their encodings differ.
    return canonical(left) == canonical(right)
