"""Builds a wheel that puts this tree on the path: the project's metadata and its command.

usage: editable.py FOLDER. Hatchling's ordinary editable wheel needs one more package; with the
folder named here it needs none. Prints the path of the wheel.
"""

# ruff: noqa: INP001 - a script beside shell scripts, no package
import sys
import tomllib
from pathlib import Path

from hatchling.builders.wheel import WheelBuilder

root = Path(__file__).parents[2]
config = tomllib.loads((root / "pyproject.toml").read_text())
config["tool"]["hatch"]["build"]["dev-mode-dirs"] = ["."]
builder = WheelBuilder(str(root), config=config)
print(next(builder.build(directory=sys.argv[1], versions=["editable"])))  # noqa: T201
