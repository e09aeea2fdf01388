"""Ten stories of two steps: one sum after another."""

from deploy.catalog.arithmetic.shapes import (
    Range,
    change,
    pooled_share,
    share_of_rest,
    times_minus,
    times_plus,
)
from deploy.catalog.arithmetic.story import Story

STORIES = (
    Story(
        "{who} buys {a} packs of {b} pencils and already has {c} pencils. "
        "How many pencils does {who} have then?",
        times_plus,
        Range(2, 12),
        Range(4, 15),
        Range(3, 30),
    ),
    Story(
        "A box holds {a} trays of {b} tomatoes. {c} tomatoes have gone bad. "
        "How many good tomatoes are in the box?",
        times_minus,
        Range(3, 12),
        Range(8, 24),
        Range(2, 20),
    ),
    Story(
        "{who} has {a} dollars and buys {b} books at {c} dollars each. How many dollars are left?",
        change,
        Range(80, 300),
        Range(2, 6),
        Range(4, 13),
    ),
    Story(
        "{who} has {a} sweets and {other} has {b}. They put them together and share them equally "
        "among {c} children. How many sweets does each child get?",
        pooled_share,
        Range(8, 24),
        Range(5, 15),
        Range(3, 9),
    ),
    Story(
        "A group of {a} hikers set out. {b} of them turned back, and the others formed {c} equal "
        "teams. How many hikers were in each team?",
        share_of_rest,
        Range(3, 12),
        Range(2, 11),
        Range(2, 8),
    ),
    Story(
        "A taxi charges {c} dollars to start and {a} dollars for each kilometre. "
        "How many dollars does a ride of {b} kilometres cost?",
        times_plus,
        Range(2, 5),
        Range(3, 32),
        Range(3, 9),
    ),
    Story(
        "{who} types {a} words a minute for {b} minutes and then deletes {c} words. "
        "How many words remain?",
        times_minus,
        Range(20, 60),
        Range(3, 12),
        Range(5, 55),
    ),
    Story(
        "A water barrel holds {a} litres. {who} fills {b} cans of {c} litres each from it. "
        "How many litres stay in the barrel?",
        change,
        Range(120, 400),
        Range(2, 9),
        Range(3, 12),
    ),
    Story(
        "A printer holds {a} sheets, and {b} more are put in. They are used up in {c} days, "
        "the same number every day. How many sheets are used in a day?",
        pooled_share,
        Range(20, 60),
        Range(10, 75),
        Range(4, 12),
    ),
    Story(
        "{who} earned {a} dollars, spent {b} dollars on food and divided the rest equally over {c} "
        "savings jars. How many dollars went into each jar?",
        share_of_rest,
        Range(10, 60),
        Range(12, 80),
        Range(2, 6),
    ),
)
