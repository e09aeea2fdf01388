"""Write the data files of the catalog's suites.

    python -m deploy.catalog.generate [FOLDER]

FOLDER is evals/catalog unless given. The same bytes come out every time: the files are committed,
and a test compares them.
"""

import json
import sys
from pathlib import Path

from deploy.catalog.arithmetic import samples as arithmetic
from deploy.catalog.instructions import samples as instructions
from deploy.catalog.refusal import samples as refusal

# The same identifiers stand in each suite.yaml. A model that knows one has seen the data.
CANARIES = {
    "arithmetic_words": "3d16bb13-0ea1-4808-9537-0ae758e19d3d",
    "verifiable_instructions": "608e20c4-20e5-4de8-8025-8b77d71185d3",
    "over_refusal": "01d89b86-db16-4994-9d3a-a69fa69cb7f2",
}


def files() -> dict[str, bytes]:
    """Return the content of every data file, by its path below evals/catalog."""
    suites = {
        "arithmetic_words": arithmetic.rows(),
        "verifiable_instructions": instructions.rows(),
        "over_refusal": refusal.rows(),
    }
    return {
        f"{suite}/samples.jsonl": _jsonl([{**row, "canary": CANARIES[suite]} for row in rows])
        for suite, rows in suites.items()
    }


def _jsonl(rows: list[dict[str, object]]) -> bytes:
    """Write one JSON object a line, in UTF-8, with the fields in the order people read them."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def main(arguments: list[str]) -> None:
    """Write the files below the folder named by the first argument."""
    default = Path(__file__).resolve().parents[2] / "evals" / "catalog"
    folder = Path(arguments[0]) if arguments else default
    for path, content in files().items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


if __name__ == "__main__":
    main(sys.argv[1:])
