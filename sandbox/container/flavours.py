"""Flavours: what a kind of suite finds in its image beside Python, from locks of this project.

Dependencies lie below our own code, so that a change of the code installs no wheel again. An
image of base and dependencies alone is kept and found by a digest of everything that decides it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import evals
from evals.manifest import FLAVOURS
from sandbox.container import assembly, fetch, labels, locks, wheels
from sandbox.container.assembly import Bench
from sandbox.container.contents import BASE
from sandbox.container.install import install
from sandbox.container.locks import Pin
from sandbox.container.runtime import ImageStore
from sandbox.errors import ImageRefused, PlatformFault

_LOCKS = Path(__file__).parent / "flavour_locks"
_PIP = "pip"


@dataclass(frozen=True, slots=True)
class Stage:
    """Wheels that are installed together on what lies below. `folder` None: from an index.

    `name` is for people; `flavour` is that of the whole image. `lock` is the SHA-256 of a suite's
    lock, in hexadecimal, by which its image is found.
    """

    name: str
    flavour: str
    pins: tuple[Pin, ...]
    folder: Path | None = None
    lock: str = ""


def stages(flavour: str, folder: Path | None = None) -> tuple[Stage, ...]:
    """What is installed for a flavour, from a package index or a folder of wheels.

    Such a folder holds the wheel of pip too, and others in it do not matter. Raises PlatformFault
    `no_such_flavour`, ImageRefused with everything that is wrong with the folder, and OSError.
    """
    if flavour not in FLAVOURS:
        raise PlatformFault("no_such_flavour", f"no such flavour; known: {', '.join(FLAVOURS)}")
    if flavour == BASE:
        return ()
    pins = _pins(flavour)
    if folder is not None:
        problems = wheels.choose((*pins, *_pins(_PIP)), folder, others=True).problems
        if problems:
            raise ImageRefused(problems)
    return (Stage(flavour, flavour, pins, folder),)


def beside(pins: Sequence[Pin], stack: Sequence[Stage]) -> tuple[tuple[Pin, ...], tuple[str, ...]]:
    """What is to be installed on top of some stages, and what cannot be."""
    there = {pin.name: (pin, stage.name) for stage in stack for pin in stage.pins}
    wanted, problems = [], []
    for pin in pins:
        known, flavour = there.get(pin.name, (None, ""))
        if known is None:
            wanted.append(pin)
        elif known.version != pin.version or not known.hashes & pin.hashes:
            problems.append(
                f"{pin.name}: the flavour {flavour} brings version {known.version}, and only that"
            )
    return tuple(wanted), tuple(problems)


def base_recipe() -> str:
    """Digest of everything that decides the base image, but the packages' versions."""
    here = Path(__file__).parent
    return assembly.digest(
        {name: (here / name).read_bytes() for name in ("archive.py", "base.py", "layers.py")}
    )


def recipe(stack: Sequence[Stage]) -> dict[str, bytes]:
    """Everything that decides the layers of some stages, for a digest."""
    if not stack:
        return {}
    guest = Path(evals.__file__).parent
    return {
        "pip": locks.text_of(_pins(_PIP)).encode(),
        "installs": Path(__file__).with_name("install.py").read_bytes(),
        "sends": (guest / "install.py").read_bytes() + (guest / "bytecode.py").read_bytes(),
        **{
            f"lock {number}": (stage.lock + locks.text_of(stage.pins)).encode()
            for number, stage in enumerate(stack)
        },
    }


def found(engine: ImageStore, stack: Sequence[Stage]) -> str | None:
    """The image of base and dependencies alone, if the engine has it."""
    return min(engine.images(labels.DEPENDENCIES, _made_of(stack)), default=None)


def install_last(at: Bench, below: str, tools: str, stack: Sequence[Stage], cache: Path) -> str:
    """Install the last of some stages on the image of those before; the image's id.

    `tools` is an image with our code on the same files: its Python installs. `cache` keeps wheels
    that were fetched. Raises ImageRefused with every reason, and what `fetch` and `install` raise.
    """
    stage = stack[-1]
    if stage.folder is None:
        fetch.fetch(stage.pins, cache, at.progress)
    chosen = wheels.choose(stage.pins, stage.folder or cache, others=True)
    if chosen.problems:
        raise ImageRefused(chosen.problems)
    pip = _installer(at, stage.folder, cache)
    layer = install(at.engine, tools, chosen.wheels, pip, at.scratch, at.run_root, at.progress)
    at.progress(f"{stage.name}: loading the image of its dependencies")
    made_of = _made_of(stack)
    carried = assembly.carried_by(at.engine, below)
    known = json.loads(carried.get(labels.WHEELS, "{}"))
    return assembly.load(
        at,
        below,
        [layer],
        {
            labels.DEPENDENCIES: made_of,
            labels.PACKAGES: carried[labels.PACKAGES],
            labels.WHEELS: assembly.text({**known, **wheels.recorded(chosen.wheels)}),
        },
        f"assay-wheels:{assembly.short(made_of)}",
    )


def _installer(at: Bench, folder: Path | None, cache: Path) -> wheels.Wheel:
    wanted = _pins(_PIP)
    found = wheels.choose(wanted, folder, others=True).wheels if folder else ()
    if not found:
        fetch.fetch(wanted, cache, at.progress)
        found = wheels.choose(wanted, cache, others=True).wheels
    return found[0]


def _made_of(stack: Sequence[Stage]) -> str:
    return assembly.digest({"base": base_recipe().encode(), **recipe(stack)})


def _pins(name: str) -> tuple[Pin, ...]:
    lock = locks.read((_LOCKS / f"{name}.lock").read_text())
    if lock.problems:
        raise PlatformFault("flavour_invalid", "; ".join(lock.problems))
    return lock.pins
