"""Ten stories of addition: putting amounts together."""

from deploy.catalog.arithmetic.shapes import Range, total, total_of_three
from deploy.catalog.arithmetic.story import Story

STORIES = (
    Story(
        "{who} picked {a} plums in the morning and {b} plums in the afternoon. "
        "How many plums did {who} pick that day?",
        total,
        Range(6, 80),
        Range(5, 70),
    ),
    Story(
        "A train carries {a} passengers. At the next stop {b} people get on and nobody gets off. "
        "How many passengers are on the train now?",
        total,
        Range(30, 240),
        Range(4, 60),
    ),
    Story(
        "{who} has saved {a} dollars and {other} has saved {b} dollars. "
        "How many dollars do they have together?",
        total,
        Range(10, 300),
        Range(10, 300),
    ),
    Story(
        "The library bought {a} novels, {b} comics and {c} maps this year. "
        "How many items did it buy in total?",
        total_of_three,
        Range(10, 90),
        Range(8, 60),
        Range(3, 25),
    ),
    Story(
        "{who} walked {a} steps before lunch and {b} steps after it. "
        "How many steps is that altogether?",
        total,
        Range(150, 4000),
        Range(120, 3500),
    ),
    Story(
        "A baker made {a} white loaves and {b} rye loaves. How many loaves did the baker make?",
        total,
        Range(12, 95),
        Range(12, 95),
    ),
    Story(
        "{who} is {a} years old. How old will {who} be in {b} years?",
        total,
        Range(6, 60),
        Range(3, 38),
    ),
    Story(
        "{who} read {a} pages on Friday, {b} pages on Saturday and {c} pages on Sunday. "
        "How many pages did {who} read over the three days?",
        total_of_three,
        Range(8, 60),
        Range(8, 75),
        Range(8, 90),
    ),
    Story(
        "A pond held {a} ducks. Another {b} ducks landed on it. "
        "How many ducks are on the pond now?",
        total,
        Range(4, 50),
        Range(3, 45),
    ),
    Story(
        "A truck is loaded with {a} kilograms of sand and {b} kilograms of gravel. "
        "How many kilograms does it carry?",
        total,
        Range(100, 1500),
        Range(100, 1500),
    ),
)
