"""Ten stories of percentages: parts of a hundred."""

from deploy.catalog.arithmetic.shapes import Range, percentage, percentage_more, percentage_off
from deploy.catalog.arithmetic.story import Story

STORIES = (
    Story(
        "A survey asked {b} people. {a}% of them drink tea. How many of them drink tea?",
        percentage,
        Range(1, 18),
        Range(2, 50),
    ),
    Story(
        "A coat costs {b} dollars. It is reduced by {a}%. How many dollars does it cost now?",
        percentage_off,
        Range(1, 12),
        Range(2, 15),
    ),
    Story(
        "A village had {b} inhabitants. Their number grew by {a}%. "
        "How many inhabitants are there now?",
        percentage_more,
        Range(1, 10),
        Range(10, 90),
    ),
    Story(
        "{who} scored {a}% on a test of {b} points. How many points did {who} get?",
        percentage,
        Range(8, 19),
        Range(1, 12),
    ),
    Story(
        "A battery lasts {b} minutes. {a}% of that time has passed. How many minutes are left?",
        percentage_off,
        Range(2, 18),
        Range(5, 36),
    ),
    Story(
        "A school has {b} pupils and {a}% of them come by bus. How many pupils come by bus?",
        percentage,
        Range(2, 16),
        Range(8, 60),
    ),
    Story(
        "{who} paid {b} dollars a month in rent. The rent rises by {a}%. "
        "How many dollars a month is the new rent?",
        percentage_more,
        Range(1, 6),
        Range(20, 70),
    ),
    Story(
        "A tree nursery planted {b} seedlings and {a}% of them died. How many seedlings survived?",
        percentage_off,
        Range(1, 9),
        Range(4, 80),
    ),
    Story(
        "A meal costs {b} dollars and {who} leaves a tip of {a}%. How many dollars is the tip?",
        percentage,
        Range(1, 5),
        Range(1, 15),
    ),
    Story(
        "{who} ran {b} metres last week and {a}% more this week. "
        "How many metres did {who} run this week?",
        percentage_more,
        Range(1, 10),
        Range(50, 400),
    ),
)
