"""The goals, one row each. A row without a measurement is printed as not yet measured."""

from collections.abc import Callable, Sequence
from importlib import import_module

from benchmarks.figures import Figure, Options, Row


def _of(module: str) -> Callable[[Options], Sequence[Figure]]:
    """Load a measurement when it is wanted: one that cannot load must not hide the others."""

    def measure(options: Options) -> Sequence[Figure]:
        found: Sequence[Figure] = import_module(f"benchmarks.{module}").measure(options)
        return found

    return measure


ROWS: tuple[Row, ...] = (
    Row(
        "P1",
        "sandboxed declarative run, 0.5 s replies, concurrency 256: wall over a plain aiohttp loop",
        "≤ 1.05 at 2,560 samples, ≤ 1.02 at 10,240",
        _of("p01_sandboxed_run"),
    ),
    Row("P2", "the same, samples/s over Inspect outside any sandbox; no latency", "≥ 12; ≥ 20"),
    Row(
        "P3",
        "gateway requests/s over nginx, unix socket in front, c=32; 16 KB body",
        "≥ 0.60; ≥ 0.50",
    ),
    Row("P4", "gateway requests/s over LiteLLM proxy; over Portkey", "≥ 300; ≥ 80"),
    Row(
        "P5",
        "added p50 at c=1 over nginx's; throughput at 0.5 s, c=256, over direct",
        "≤ 2.0; ≥ 0.975",
    ),
    Row("P6", "streaming: CPU per chunk over nginx", "≤ 1.5"),
    Row(
        "P7",
        "container life over the raw Engine API; over docker run; session and claim to first call",
        "≤ 1.10; ≤ 1.2; ≤ 1.2 cold",
        _of("p07_container_life"),
    ),
    Row("P8", "unmodified Inspect task inside over the same task outside", "≤ 1.05"),
    Row(
        "P9",
        "report page and 50-row list over a bare page; unchanged page over uncached",
        "≥ 0.6; ≥ 5",
        _of("p09_pages"),
    ),
    Row(
        "P10",
        "inclusion proof over pymerkle at 1e6; checks of a bundle; durable issue over fdatasync",
        "≥ 20; ≤ 50 ms; ≤ 3",
    ),
    Row(
        "P11",
        "gate and bound for 10,000 samples x 20 metrics; over a plain sum of the same rows",
        "≤ 50 ms; ≤ 3",
        _of("p11_gate"),
    ),
    Row(
        "P12",
        "memory of gateway and worker for one run; per 1,000 concurrent requests",
        "≤ 150 MiB; + ≤ 64 MiB",
    ),
    Row("P13", "cost per run with 1e2, 1e4, 1e6 runs in the database", "flat within 1.3"),
    Row(
        "P14",
        "start of a job on the embedded default, median",
        "≤ 50 ms",
        _of("p14_job_start"),
    ),
)
