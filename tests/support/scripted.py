"""What a scripted vendor says to a suite of sums: right answers, chosen words, no answer at all."""

import re

from tests.integration.gateway.scripted_vendor import ScriptedVendor, Seen, Step, Wire, completion

__all__ = ["ScriptedVendor", "prompt_of", "right", "saying"]


def prompt_of(seen: Seen) -> str:
    return seen.body["messages"][-1]["content"]


def saying(before: str = "", **usage: int) -> Step:
    """Say some words and then the right answer, in the official wire format."""

    async def step(wire: Wire, seen: Seen) -> None:
        total = sum(map(int, re.findall(r"\d+", prompt_of(seen))))
        await wire.respond("200 OK", completion(f"{before}\nA: {total}", **usage))

    return step


right = saying()
