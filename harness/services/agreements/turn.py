"""Whose turn it is in an agreement, what they can do, and until when. Pure."""

from dataclasses import dataclass
from typing import Final

from harness.services import states

_SERVER: Final = {
    states.Protocol.AGREED: "Both have signed. Assay puts the agreement into the public log.",
    states.Protocol.REGISTERED: "The agreement is in the public log. Its window opens at the "
    "agreed time.",
}
_OVER: Final = {
    states.Protocol.DECLINED: "The vendor declined.",
    states.Protocol.LAPSED: "It was not signed in time.",
    states.Protocol.WITHDRAWN: "The auditor withdrew it.",
    states.Protocol.TERMINATED: "It was ended early.",
    states.Protocol.SUSPENDED: "It is suspended: no run can start.",
}


@dataclass(frozen=True, slots=True)
class Turn:
    """Who has to act: `auditor`, `vendor`, `server`, or "" for nobody.

    `words` say what for, `until` when it is too late, in seconds since the epoch.
    """

    holder: str
    words: str
    until: float | None = None


def turn(state: str, now: float, window_end: float, left: int | None = None) -> Turn:
    """Whose turn it is at `now`. `left` is how many runs are unused, None when not counted."""
    waiting = _SERVER.get(states.Protocol(state))
    if waiting is not None:
        return Turn("server", waiting)
    if state in {states.Protocol.PROPOSED, states.Protocol.RETURNED, states.Protocol.ACTIVE}:
        if now >= window_end:
            return Turn("", "The time in which runs may happen is over.")
        return _open(state, window_end, left)
    return Turn("", _OVER.get(states.Protocol(state), "Nothing more happens here."))


def _open(state: str, window_end: float, left: int | None) -> Turn:
    if state == states.Protocol.PROPOSED:
        words = "The vendor reads the proposal and signs exactly these bytes, or leaves it."
        return Turn("vendor", words, window_end)
    if state == states.Protocol.RETURNED:
        return Turn("auditor", "The vendor asked for changes.", window_end)
    if left == 0:
        return Turn("", "All agreed runs are used.")
    return Turn("auditor", "The auditor can start a run.", window_end)
