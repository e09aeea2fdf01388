"""Ten stories of multiplication: so many times the same."""

from deploy.catalog.arithmetic.shapes import Range, product
from deploy.catalog.arithmetic.story import Story

STORIES = (
    Story(
        "A crate holds {a} bottles. How many bottles are in {b} full crates?",
        product,
        Range(6, 24),
        Range(3, 30),
    ),
    Story(
        "{who} swims {a} lengths every day. How many lengths does {who} swim in {b} days?",
        product,
        Range(4, 40),
        Range(3, 28),
    ),
    Story(
        "A cinema has {a} rows with {b} seats in each row. How many seats does the cinema have?",
        product,
        Range(8, 30),
        Range(9, 32),
    ),
    Story(
        "One ticket costs {a} dollars. How many dollars do {b} tickets cost?",
        product,
        Range(3, 45),
        Range(2, 19),
    ),
    Story(
        "{who} plants {b} rows of beans with {a} plants in every row. "
        "How many bean plants is that?",
        product,
        Range(5, 26),
        Range(3, 18),
    ),
    Story(
        "A printer makes {a} copies a minute. How many copies does it make in {b} minutes?",
        product,
        Range(8, 60),
        Range(3, 25),
    ),
    Story(
        "Each of {a} children brings {b} apples to school. How many apples do they bring?",
        product,
        Range(5, 32),
        Range(2, 9),
    ),
    Story(
        "A wall is {a} bricks wide and {b} bricks high. How many bricks are in it?",
        product,
        Range(10, 48),
        Range(4, 25),
    ),
    Story(
        "{who} earns {a} dollars an hour and works {b} hours. How many dollars does {who} earn?",
        product,
        Range(11, 38),
        Range(3, 40),
    ),
    Story(
        "A ferry makes {a} crossings a day with {b} cars on every crossing. "
        "How many cars does it carry in a day?",
        product,
        Range(4, 16),
        Range(12, 45),
    ),
)
