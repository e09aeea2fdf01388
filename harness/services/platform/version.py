"""The version of the harness, as statements and reports name it."""

from importlib.metadata import PackageNotFoundError, version


def _installed() -> str:
    try:
        return version("assay")
    except PackageNotFoundError:
        return "0+unpacked"


VERSION = _installed()
