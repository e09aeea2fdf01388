"""Word every task and put the samples in order."""

from deploy.catalog.dice import Dice
from deploy.catalog.instructions import data, framing, keywords, length, letters, lists
from deploy.catalog.instructions.constraints import Task

GROUPS = {
    "length": length.TASKS,
    "keywords": keywords.TASKS,
    "letters": letters.TASKS,
    "lists": lists.TASKS,
    "framing": framing.TASKS,
    "json": data.TASKS,
}


def rows() -> list[dict[str, object]]:
    """Return the lines of samples.jsonl; the groups take turns."""
    dice = Dice("verifiable_instructions")
    mixed = {label: dice.shuffled(tasks) for label, tasks in GROUPS.items()}
    ordered = [(label, mixed[label][turn]) for turn in range(len(length.TASKS)) for label in mixed]
    return [
        {
            "id": f"vi-{number:03}",
            "constraint": label,
            "prompt": _prompt(dice, task),
            "checks": {"instructions": [constraint.check for constraint in task.constraints]},
        }
        for number, (label, task) in enumerate(ordered, start=1)
    ]


def _prompt(dice: Dice, task: Task) -> str:
    """Ask for the request and then for each constraint, in one of its wordings."""
    asked = [dice.pick(constraint.wordings) for constraint in task.constraints]
    return " ".join(part for part in (task.request, *asked) if part)
