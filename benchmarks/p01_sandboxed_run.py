"""P1: a sandboxed run over a plain loop that makes the same calls without any sandbox.

Ours is `sandbox.session` from its call to its return: gateway, container, every sample asked
and scored inside, everything removed again. The peer is `benchmarks.direct`: once as a process
from start to end, which is how such a loop is used, and once, stricter with us, its loop alone
without the start of Python. No one can be faster than samples / concurrency x delay.
"""

from collections.abc import Sequence

from benchmarks import sessions
from benchmarks.children import Upstream, run_module, upstream
from benchmarks.figures import Figure, Goal, Options, Turns, median, take_turns
from benchmarks.questions import questions

_DELAY_S = 0.5
_CONCURRENCY = 256
_SIZES = {2560: 1.05, 10_240: 1.02}


def measure(options: Options) -> Sequence[Figure]:
    """Take turns at 2,560 samples, and with `full` at 10,240 too."""
    image = sessions.image(options.say)
    sizes = list(_SIZES) if options.full else list(_SIZES)[:1]
    with upstream(_DELAY_S) as vendor:
        return [figure for size in sizes for figure in _figures(image, vendor, size, options)]


def _figures(image: str, vendor: Upstream, size: int, options: Options) -> list[Figure]:
    loops: list[float] = []
    right = sum(question.target == "7" for question in questions(size))

    def ours() -> float:
        spec = sessions.spec_of(image, vendor.base_url, size, _CONCURRENCY)
        wall, result = sessions.run(spec)
        _same_work(vendor, size, right, sum(score.values[0] for score in result.scores))
        options.say(f"P1: {size} samples in the sandbox: {wall:.2f} s")
        return wall

    def peer() -> float:
        wall, told = run_module(
            "benchmarks.direct",
            *("--base-url", vendor.base_url),
            *("--samples", str(size), "--concurrency", str(_CONCURRENCY)),
        )
        _same_work(vendor, size, right, told["right"])
        loops.append(told["seconds"])
        options.say(f"P1: {size} samples by a plain loop: {wall:.2f} s")
        return wall

    turns = take_turns(ours, peer, options.rounds)
    alone = Turns(turns.ours, tuple(loops[-len(turns.ours) :]))
    what = f"sandboxed run of {size:,} samples over a plain aiohttp"
    return [
        _judged(f"{what} process", turns, size),
        _judged(f"{what} loop, without Python's start", alone, size),
    ]


def _judged(what: str, turns: Turns, size: int) -> Figure:
    return Figure(
        what=what,
        unit="s",
        ours=median(turns.ours),
        peer=median(turns.peer),
        bound=size / _CONCURRENCY * _DELAY_S,
        judged=turns.ratio,
        goal=Goal(_SIZES[size]),
        rounds=len(turns.ours),
    )


def _same_work(vendor: Upstream, size: int, right: int, found: float) -> None:
    asked, _first = vendor.stats()
    if (asked, found) != (size, right):
        raise RuntimeError(f"asked {asked} of {size} times, {found} of {right} right")
