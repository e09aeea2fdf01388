"""Noise in a report: scales computed a second time from the protocol's own words.

    w     = what one sample can move a total by: b - a, for a histogram's counts 2
    d     = figures that one sample feeds: all without a group, and of each dimension the most
            that one label has
    scale = w d / epsilon, rounded up to six decimals

That noise was drawn, nobody can see from a report; what can be checked is that its grids, epsilon
and scales are those that were signed and charged, and that no interval leaves the noise out.
"""

import re
from fractions import Fraction

from harness.tlog.arithmetic import HISTOGRAM, Cell
from harness.tlog.errors import CheckError
from harness.tlog.reader import Node, canonical

_AMOUNT = re.compile(r"[1-9][0-9]{0,11}(\.[0-9]{0,5}[1-9])?|0\.[0-9]{0,5}[1-9]")
_NAME = "differential_privacy"
_MICRO = 1_000_000


def check(protocol: Node, report: Node, cells: list[Cell]) -> None:
    """Check what a report says of noise against its protocol. Raises TlogError."""
    agreed, said = protocol["disclosure"][_NAME], report["disclosure"]
    if agreed.is_null():
        if _NAME in said.keys():  # noqa: SIM118 - a Node
            raise CheckError("the report tells of noise that was not agreed")
        return
    if canonical(said[_NAME].value) != canonical(agreed.value):
        raise CheckError("the report tells of other noise than was agreed")
    _place(protocol)
    agreed.exactly("epsilon_per_record", "epsilon_cap", "figures")
    epsilon = _amount(agreed["epsilon_per_record"])
    if epsilon > _amount(agreed["epsilon_cap"]):
        agreed.fail("spends more than its own cap")
    figures = agreed["figures"].items()
    if len(figures) != len(cells):
        agreed["figures"].fail("are not those of the protocol")
    fed = _fed(cells)
    for node, cell in zip(figures, cells, strict=True):
        node.exactly("id", "scale", "error")
        low, high = cell.ends
        moved = 2 if cell.kind == HISTOGRAM else high - low
        exact = moved * fed * _MICRO / epsilon
        scale = Fraction(-(-exact.numerator // exact.denominator), _MICRO)
        if node["id"].text() != cell.id or _amount(node["scale"]) != scale:
            node.fail("is not the noise that epsilon asks for")
    for node in report["metrics"].items():
        if not node["interval"].is_null():
            node["interval"].fail("leaves the noise out")


def check_charged(protocol: Node, start: Node) -> None:
    """Check that a run-start charges the epsilon that was agreed. Raises TlogError."""
    agreed = protocol["disclosure"][_NAME]
    told = start["epsilon"].text() if "epsilon" in start.keys() else None  # noqa: SIM118 - a Node
    if told != (None if agreed.is_null() else agreed["epsilon_per_record"].text()):
        raise CheckError("a run-start charges another epsilon than was agreed")


def _place(protocol: Node) -> None:
    # Noise on totals speaks for one record only where nothing else tells of it.
    wanted = (
        (protocol["harness"]["phases"], "separate"),
        (protocol["disclosure"]["completeness"], "hidden"),
        (protocol["disclosure"]["release"]["mode"], "fixed"),
    )
    for node, value in wanted:
        if node.text() != value:
            node.fail("lets a report tell of a record what no noise covers")


def _fed(cells: list[Cell]) -> int:
    whole = [cell for cell in cells if cell.group is None]
    groups: dict[object, dict[object, int]] = {}
    for cell in cells:
        if isinstance(cell.group, dict):
            labels = groups.setdefault(cell.group.get("dimension"), {})
            label = cell.group.get("label")
            labels[label] = labels.get(label, 0) + 1
    return len(whole) + sum(max(labels.values()) for labels in groups.values())


def _amount(node: Node) -> Fraction:
    text = node.text(max_length=30)
    if not _AMOUNT.fullmatch(text):
        node.fail("is no decimal above zero in its one form")
    return Fraction(text)
