"""Noise for protocols that agreed on differential privacy, by OpenDP's sampler.

OpenDP draws from the operating system's source of random bytes and samples exactly; nothing
here has a seed. It belongs to the extra `dp`, and is loaded only where noise is agreed.
"""

import importlib.util
import math
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

from harness.errors import Unavailable

_EXTRA: Final = "opendp"
REMEDY: Final = "pip install --require-hashes --no-deps -r requirements-dp.lock"
MISSING: Final = (
    "differential privacy needs OpenDP, which is not installed here. Install it on every host of "
    f"this server (`{REMEDY}`), or leave `dp` out of the terms"
)


def available() -> bool:
    """Whether the extra is installed."""
    return importlib.util.find_spec(_EXTRA) is not None


def draw(steps: Fraction) -> int:
    """One whole number of discrete Laplace noise, P(z) in proportion to exp(-|z|/steps).

    The scale is taken as a floating-point number that is not below `steps`. Raises Unavailable
    without the extra.
    """
    if not available():
        raise Unavailable(MISSING)
    noise: int = _sampler(_not_below(steps))(0)
    return noise


def _not_below(steps: Fraction) -> float:
    nearest = float(steps)
    return nearest if nearest >= steps else math.nextafter(nearest, math.inf)


@lru_cache(maxsize=64)
def _sampler(scale: float) -> Any:
    from opendp.domains import atom_domain  # noqa: PLC0415 - only where noise is agreed
    from opendp.measurements import make_laplace  # noqa: PLC0415
    from opendp.metrics import absolute_distance  # noqa: PLC0415
    from opendp.mod import enable_features  # noqa: PLC0415

    # The proofs of these parts are published and not yet vetted, which is what the word says.
    enable_features("contrib")
    return make_laplace(atom_domain(T="i64"), absolute_distance(T="i64"), scale)
