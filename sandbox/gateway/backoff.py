"""How long to wait before the next attempt. Pure."""


def pause(attempt: int, *, base: float, cap: float, jitter: float) -> float:
    """Seconds after the `attempt`-th failure (from 1): exponential, capped, half of it random.

    `jitter` is a number in [0, 1) drawn by the caller.
    """
    full = min(cap, base * 2.0 ** min(attempt - 1, 32))
    return full * (0.5 + jitter / 2)


def retry_after(value: bytes) -> float | None:
    """Seconds of a Retry-After header (RFC 9110, 10.2.3); None for a date or anything else."""
    text = value.strip()
    if not text.isdigit() or len(text) > 6:  # noqa: PLR2004 - 999999 s is past every deadline
        return None
    return float(text)
