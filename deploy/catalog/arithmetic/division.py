"""Ten stories of division: equal shares."""

from deploy.catalog.arithmetic.shapes import Range, quotient
from deploy.catalog.arithmetic.story import Story

STORIES = (
    Story(
        "{who} shares {a} cherries equally among {b} friends. "
        "How many cherries does each friend get?",
        quotient,
        Range(3, 30),
        Range(2, 12),
    ),
    Story(
        "A ribbon of {a} centimetres is cut into {b} pieces of the same length. "
        "How many centimetres long is each piece?",
        quotient,
        Range(4, 45),
        Range(3, 15),
    ),
    Story(
        "Eggs are packed in boxes of {b}. How many boxes are needed for {a} eggs?",
        quotient,
        Range(4, 60),
        Range(6, 12),
    ),
    Story(
        "{a} pupils form teams of {b}. How many teams are there?",
        quotient,
        Range(3, 24),
        Range(3, 11),
    ),
    Story(
        "{who} cycled {a} kilometres in {b} hours at a steady speed. "
        "How many kilometres did {who} cycle in one hour?",
        quotient,
        Range(9, 32),
        Range(2, 7),
    ),
    Story(
        "A farm fills {b} equal sacks with {a} kilograms of potatoes. "
        "How many kilograms are in one sack?",
        quotient,
        Range(8, 50),
        Range(3, 24),
    ),
    Story(
        "{b} neighbours split a bill of {a} dollars evenly. "
        "How many dollars does each of them pay?",
        quotient,
        Range(12, 95),
        Range(3, 9),
    ),
    Story(
        "A book of {a} pages is read at {b} pages a day. How many days does it take?",
        quotient,
        Range(5, 36),
        Range(8, 25),
    ),
    Story(
        "A hall sets out {a} chairs in rows of {b}. How many rows are there?",
        quotient,
        Range(4, 28),
        Range(7, 22),
    ),
    Story(
        "{who} has {a} photos and puts {b} on every page of an album. "
        "How many pages does {who} fill?",
        quotient,
        Range(6, 48),
        Range(4, 9),
    ),
)
