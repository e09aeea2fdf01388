"""Processes that end with the one that made them, however it dies."""

import ctypes
import os
import signal
from typing import Final

_PR_SET_PDEATHSIG: Final = 1


def end_with_parent(with_signal: signal.Signals) -> None:
    """Ask the kernel (prctl(2)) to signal this process when the thread that made it dies."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, with_signal)


def follow(parent: int, with_signal: signal.Signals) -> None:
    """Be signalled when the process `parent` dies; at once if it died before this one was ready.

    The kernel forgets a wish when a program is loaded only for privileged ones, so this covers
    the time from here on, and the look at who is the parent now covers the time from the fork.
    """
    end_with_parent(with_signal)
    if os.getppid() != parent:
        signal.raise_signal(with_signal)
