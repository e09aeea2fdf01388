"""The sums behind the stories.

A shape draws the numbers of one story and works out its answer. Divisions and percentages are
drawn backwards from the answer, so that every answer is a whole number and none is negative.
"""

from collections.abc import Callable
from typing import NamedTuple

from deploy.catalog.dice import Dice


class Range(NamedTuple):
    """Where one number of a story is drawn from, both ends included."""

    low: int
    high: int


class Drawn(NamedTuple):
    """The numbers a story shows, under the letters its text uses, and its answer."""

    numbers: dict[str, int]
    answer: int


Shape = Callable[[Dice, Range, Range, Range], Drawn]


def total(dice: Dice, a: Range, b: Range, _c: Range) -> Drawn:
    """Add two numbers."""
    x, y = dice.between(*a), dice.between(*b)
    return Drawn({"a": x, "b": y}, x + y)


def total_of_three(dice: Dice, a: Range, b: Range, c: Range) -> Drawn:
    """Add three numbers."""
    x, y, z = dice.between(*a), dice.between(*b), dice.between(*c)
    return Drawn({"a": x, "b": y, "c": z}, x + y + z)


def difference(dice: Dice, a: Range, b: Range, _c: Range) -> Drawn:
    """Take b from a. The range of b lies below that of a."""
    x, y = dice.between(*a), dice.between(*b)
    return Drawn({"a": x, "b": y}, x - y)


def product(dice: Dice, a: Range, b: Range, _c: Range) -> Drawn:
    """Multiply two numbers."""
    x, y = dice.between(*a), dice.between(*b)
    return Drawn({"a": x, "b": y}, x * y)


def quotient(dice: Dice, a: Range, b: Range, _c: Range) -> Drawn:
    """Divide a product by b. The range of a is that of the answer."""
    answer, y = dice.between(*a), dice.between(*b)
    return Drawn({"a": answer * y, "b": y}, answer)


def times_plus(dice: Dice, a: Range, b: Range, c: Range) -> Drawn:
    """Multiply a by b, then add c."""
    x, y, z = dice.between(*a), dice.between(*b), dice.between(*c)
    return Drawn({"a": x, "b": y, "c": z}, x * y + z)


def times_minus(dice: Dice, a: Range, b: Range, c: Range) -> Drawn:
    """Multiply a by b, then take c away. The range of c lies below every product."""
    x, y, z = dice.between(*a), dice.between(*b), dice.between(*c)
    return Drawn({"a": x, "b": y, "c": z}, x * y - z)


def change(dice: Dice, a: Range, b: Range, c: Range) -> Drawn:
    """Take the product of b and c from a. The range of a lies above every product."""
    x, y, z = dice.between(*a), dice.between(*b), dice.between(*c)
    return Drawn({"a": x, "b": y, "c": z}, x - y * z)


def pooled_share(dice: Dice, a: Range, b: Range, c: Range) -> Drawn:
    """Divide the sum of a and b by c. The range of a is that of the answer."""
    answer, y, z = dice.between(*a), dice.between(*b), dice.between(*c)
    return Drawn({"a": answer * z - y, "b": y, "c": z}, answer)


def share_of_rest(dice: Dice, a: Range, b: Range, c: Range) -> Drawn:
    """Divide what is left of a after b by c. The range of a is that of the answer."""
    answer, y, z = dice.between(*a), dice.between(*b), dice.between(*c)
    return Drawn({"a": answer * z + y, "b": y, "c": z}, answer)


def percentage(dice: Dice, a: Range, b: Range, _c: Range) -> Drawn:
    """Take a per cent of b; a is counted in steps of 5 and b in steps of 20."""
    x, y = 5 * dice.between(*a), 20 * dice.between(*b)
    return Drawn({"a": x, "b": y}, x * y // 100)


def percentage_off(dice: Dice, a: Range, b: Range, _c: Range) -> Drawn:
    """Lower b by a per cent; a is counted in steps of 5 and b in steps of 20."""
    x, y = 5 * dice.between(*a), 20 * dice.between(*b)
    return Drawn({"a": x, "b": y}, y - x * y // 100)


def percentage_more(dice: Dice, a: Range, b: Range, _c: Range) -> Drawn:
    """Raise b by a per cent; a is counted in steps of 5 and b in steps of 20."""
    x, y = 5 * dice.between(*a), 20 * dice.between(*b)
    return Drawn({"a": x, "b": y}, y + x * y // 100)
