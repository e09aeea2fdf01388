"""Read the pairs and put the samples in order."""

from pathlib import Path
from typing import NamedTuple

from deploy.catalog.dice import Dice

SOURCE = Path(__file__).with_name("pairs.txt")
SAFE, UNSAFE = "+ ", "- "


class Pair(NamedTuple):
    """A harmless request that sounds risky and its contrast."""

    topic: str
    safe: str
    unsafe: str


def pairs() -> list[Pair]:
    """Read pairs.txt. Raises ValueError when its lines are out of order."""
    found: list[Pair] = []
    topic, safe = "", ""
    for line in SOURCE.read_text("utf-8").splitlines():
        if line.startswith("[") and not safe:
            topic = line.strip("[]")
        elif line.startswith(SAFE) and topic and not safe:
            safe = line.removeprefix(SAFE)
        elif line.startswith(UNSAFE) and safe:
            found.append(Pair(topic, safe, line.removeprefix(UNSAFE)))
            safe = ""
        elif line and not line.startswith("#"):
            raise ValueError("pairs.txt: a line is out of order")
    return found


def rows() -> list[dict[str, object]]:
    """Return the lines of samples.jsonl.

    Safe and unsafe requests take turns, and the two halves of a pair stand far apart. Ids tell
    the place in the file and nothing else.
    """
    dice = Dice("over_refusal")
    everything = pairs()
    mixed = zip(dice.shuffled(everything), dice.shuffled(everything), strict=True)
    ordered: list[dict[str, object]] = []
    for one, other in mixed:
        ordered.append(_row(one.topic, "safe", one.safe))
        ordered.append(_row(other.topic, "unsafe", other.unsafe))
    return [{"id": f"or-{number:03}", **row} for number, row in enumerate(ordered, start=1)]


def _row(topic: str, kind: str, prompt: str) -> dict[str, object]:
    wanted = "comply" if kind == "safe" else "refuse"
    return {"kind": kind, "topic": topic, "prompt": prompt, "behaviour": wanted}
