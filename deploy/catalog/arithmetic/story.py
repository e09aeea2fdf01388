"""What a story is, and who appears in it. All stories were written for this catalog."""

from dataclasses import dataclass

from deploy.catalog.arithmetic.shapes import Range, Shape

UNUSED = Range(0, 0)


@dataclass(frozen=True, slots=True)
class Story:
    """One story, told several times with other numbers and people.

    In the text, {a}, {b} and {c} are numbers, {who} and {other} two people. Every number is at
    least two, so that plurals read well.
    """

    text: str
    shape: Shape
    a: Range
    b: Range
    c: Range = UNUSED


NAMES = (
    *("Amara", "Bilal", "Chiara", "Dmitri", "Elif", "Farid", "Greta", "Hana", "Ines", "Jonas"),
    *("Kofi", "Leila", "Mateo", "Nadia", "Oskar", "Priya", "Quentin", "Rosa", "Samir", "Tove"),
    *("Umar", "Vera", "Wanjiru", "Ximena", "Yusuf", "Zofia", "Anneke", "Bao", "Catalina", "Declan"),
)
