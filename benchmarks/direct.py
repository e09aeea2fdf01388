"""The plain way: an aiohttp loop that asks and scores, with no sandbox and no rules.

Prints JSON: how many answers were right, and the seconds from the first line of the loop to
its last, without the start of Python.
"""

import argparse
import asyncio
import json
import re
import time
from decimal import Decimal

import aiohttp

from benchmarks.questions import Question, prompt, questions

_ANSWER = re.compile(r"A:\s*\$?(-?[0-9][0-9,]*(?:\.[0-9]+)?)")


def is_right(output: str, target: str) -> bool:
    """Compare the last `A: <number>` with the target, as exact decimals."""
    found = _ANSWER.findall(output)
    return bool(found) and Decimal(found[-1].replace(",", "")) == Decimal(target)


async def ask_all(base_url: str, asked: list[Question], concurrency: int) -> int:
    """Ask every question, `concurrency` at a time; return how many were answered rightly."""
    waiting = iter(asked)
    right = 0
    connector = aiohttp.TCPConnector(limit=concurrency)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def ask_some() -> None:
            nonlocal right
            for question in waiting:
                body = {
                    "model": "mock",
                    "messages": [{"role": "user", "content": prompt(question)}],
                    "temperature": 0,
                    "max_tokens": 64,
                }
                async with session.post(f"{base_url}/chat/completions", json=body) as reply:
                    answer = await reply.json()
                right += is_right(answer["choices"][0]["message"]["content"], question.target)

        await asyncio.gather(*(ask_some() for _ in range(concurrency)))
    return right


def main() -> None:
    """Run once and print the outcome."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--samples", type=int, required=True)
    parser.add_argument("--concurrency", type=int, required=True)
    chosen = parser.parse_args()
    began = time.perf_counter()
    right = asyncio.run(ask_all(chosen.base_url, questions(chosen.samples), chosen.concurrency))
    print(json.dumps({"right": right, "seconds": time.perf_counter() - began}))


if __name__ == "__main__":
    main()
