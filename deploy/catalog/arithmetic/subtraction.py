"""Ten stories of subtraction: what is left and what is missing."""

from deploy.catalog.arithmetic.shapes import Range, difference
from deploy.catalog.arithmetic.story import Story

STORIES = (
    Story(
        "{who} had {a} stamps and gave {b} of them to {other}. "
        "How many stamps does {who} have left?",
        difference,
        Range(40, 160),
        Range(5, 38),
    ),
    Story(
        "A hall has {a} seats. {b} of them are taken. How many seats are free?",
        difference,
        Range(90, 600),
        Range(15, 85),
    ),
    Story(
        "{who} is {a} centimetres tall and {other} is {b} centimetres tall. "
        "By how many centimetres is {who} taller?",
        difference,
        Range(165, 199),
        Range(110, 160),
    ),
    Story(
        "A rope is {a} metres long. {who} cuts off {b} metres. How many metres of rope remain?",
        difference,
        Range(30, 120),
        Range(3, 28),
    ),
    Story(
        "A shop opened with {a} umbrellas and sold {b} of them on a wet day. "
        "How many umbrellas were not sold?",
        difference,
        Range(60, 220),
        Range(12, 58),
    ),
    Story(
        "{who} wants a bicycle that costs {a} dollars and has {b} dollars so far. "
        "How many more dollars does {who} need?",
        difference,
        Range(180, 640),
        Range(25, 170),
    ),
    Story(
        "A tank holds {a} litres of water when full. Now it holds {b} litres. "
        "How many litres are missing?",
        difference,
        Range(200, 900),
        Range(35, 190),
    ),
    Story(
        "A book has {a} pages. {who} has read {b} pages. How many pages are still to be read?",
        difference,
        Range(150, 520),
        Range(20, 140),
    ),
    Story(
        "In a vote, the winner got {a} votes and the runner-up got {b} votes. "
        "By how many votes did the winner lead?",
        difference,
        Range(400, 950),
        Range(120, 390),
    ),
    Story(
        "There were {a} birds on a wire. {b} of them flew away. How many birds stayed?",
        difference,
        Range(20, 75),
        Range(3, 18),
    ),
)
