"""Tell every story four times and put the samples in order."""

from deploy.catalog.arithmetic import (
    addition,
    division,
    multiplication,
    percentages,
    subtraction,
    two_steps,
)
from deploy.catalog.arithmetic.shapes import Range
from deploy.catalog.arithmetic.story import NAMES, Story
from deploy.catalog.dice import Dice

OPERATIONS = {
    "addition": addition.STORIES,
    "subtraction": subtraction.STORIES,
    "multiplication": multiplication.STORIES,
    "division": division.STORIES,
    "percentages": percentages.STORIES,
    "two_steps": two_steps.STORIES,
}
TELLINGS = 4


def rows() -> list[dict[str, object]]:
    """Return the lines of samples.jsonl.

    Operations take turns, so that any first part of the file is balanced over them.
    """
    told = {label: _tell_all(label, stories) for label, stories in OPERATIONS.items()}
    turns = zip(*told.values(), strict=True)
    ordered = [row for turn in turns for row in turn]
    return [{"id": f"aw-{number:03}", **row} for number, row in enumerate(ordered, start=1)]


def _tell_all(operation: str, stories: tuple[Story, ...]) -> list[dict[str, object]]:
    """Return an operation's samples: every story once, then every story again, and so on."""
    dice = Dice(f"arithmetic_words/{operation}")
    levels = [dice.shuffled(range(TELLINGS)) for _ in stories]
    return [
        {"operation": operation, **_tell(dice, story, levels[place][turn])}
        for turn in range(TELLINGS)
        for place, story in dice.shuffled(list(enumerate(stories)))
    ]


def _tell(dice: Dice, story: Story, level: int) -> dict[str, object]:
    """Tell a story with numbers of one level: from the smallest (0) to the largest (3)."""
    drawn = story.shape(dice, *(_part(whole, level) for whole in (story.a, story.b, story.c)))
    who = dice.pick(NAMES)
    other = dice.pick([name for name in NAMES if name != who])
    prompt = story.text.format(who=who, other=other, **drawn.numbers)
    return {"prompt": prompt, "answer": str(drawn.answer)}


def _part(whole: Range, level: int) -> Range:
    """Return one part of a range; the parts grow with the square of the level."""
    width, parts = whole.high - whole.low, TELLINGS * TELLINGS
    return Range(
        whole.low + width * level * level // parts,
        whole.low + width * (level + 1) * (level + 1) // parts,
    )
