"""The demonstration's suite: a hundred samples of a suite from the catalog, without groups."""

import json
from importlib.resources import files
from typing import Final

import yaml

SAMPLES: Final = 100
_CATALOG: Final = "arithmetic_words"
# The bundled model writes some thirty tokens a second.
_REPLY_TOKENS: Final = 40


def demo_suite() -> dict[str, bytes]:
    """Author's files of the shortened suite, as `suites.build` takes them."""
    source = files("evals.catalog") / _CATALOG
    suite = yaml.safe_load((source / "suite.yaml").read_bytes())
    data = suite["data"][0]
    rows = (source / data["file"]).read_bytes().splitlines(keepends=True)[:SAMPLES]
    suite["id"] = f"{_CATALOG}_{SAMPLES}"
    suite["title"] = f"{suite['title']} (first {SAMPLES} samples)"
    suite["summary"] = (
        f"The first {SAMPLES} samples of the catalog's {_CATALOG}, for a demonstration: it shows "
        "the machinery, not a score."
    )
    suite["generation"]["max_tokens"] = _REPLY_TOKENS
    suite["data"] = [{"file": data["file"]}]
    # A hundred samples are too few for groups of their own.
    suite["fields"].pop("groups", None)
    suite["aggregates"] = [item for item in suite["aggregates"] if "groups" not in item]
    suite["public_samples"] = [
        json.loads(row)[suite["fields"]["id"]] for row in rows[: len(suite["public_samples"])]
    ]
    return {
        "suite.yaml": yaml.safe_dump(suite, allow_unicode=True).encode(),
        data["file"]: b"".join(rows),
    }
