"""What a hostile suite is in this game, and the list of all of them."""

import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.hostile.game.wall import Program

SUITES = Path(__file__).resolve().parents[1] / "suites"


@dataclass(frozen=True)
class Suite:
    """One attack.

    `agreements` names what each of its runs is under, `uses` says how many bits of the secret its
    program looks at. `views` is how many different things an auditor may ever see of it: 1 or 2
    (with FAILED) for a channel that is closed, None where the bound alone holds. `leak` names what
    a naive gate would have shown, `reaches` how many views an open one has. A run begins a second
    after its reservation; `late`, at the last moment that is agreed; `chained`, after the one before.
    The secret of a `silent` one is how many seconds its model thinks.
    """

    name: str
    family: str
    tries: str
    program: Program
    agreements: tuple[str, ...]
    uses: int
    views: int | None
    leak: str
    reaches: int | None
    late: bool
    chained: bool
    silent: bool

    @property
    def secrets(self) -> range:
        """All secrets that it tells apart."""
        return range(2**self.uses)


ALL: dict[str, Suite] = {}


def suite(
    *,
    leak: str,
    agreement: str | tuple[str, ...] = "plain",
    uses: int = 5,
    views: int | None = 1,
    runs: int = 1,
    reaches: int | None = None,
    late: bool = False,
    chained: bool = False,
    silent: bool = False,
) -> Callable[[Program], Program]:
    """Put a program into the list, by its name; its docstring says what it tries."""

    def put(program: Program) -> Program:
        name = program.__name__
        assert name not in ALL, name
        tries = inspect.getdoc(program)
        assert tries, name
        family = program.__module__.rpartition(".")[2]
        agreements = (agreement,) * runs if isinstance(agreement, str) else agreement
        ALL[name] = Suite(
            name,
            family,
            tries,
            program,
            agreements,
            uses,
            views,
            leak,
            reaches,
            late,
            chained,
            silent,
        )
        return program

    return put


def catalogue() -> dict[str, Suite]:
    """Every hostile suite, by name."""
    for path in sorted(SUITES.glob("*.py")):
        importlib.import_module(f"tests.hostile.suites.{path.stem}")
    return ALL


def of(*, closed: bool) -> list[str]:
    """Names of the suites whose channel is closed, or of those that only the bound holds."""
    return [name for name, one in catalogue().items() if (one.views is not None) == closed]
