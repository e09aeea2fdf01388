"""What helps after an error, by its status: a page never leaves somebody with a number alone."""

from typing import Final

_RELOAD: Final = "Go back, reload the page and try again."
_HELPS: Final = {
    400: "Type the address as you got it. The operator sets the names under which it answers.",
    403: "You may act for another organisation on your account page, if you have one. Otherwise "
    "the operator can say who may do this.",
    404: "It may be gone, or not yours to see: both look the same from here. The lists in the "
    "menu show everything that you may open.",
    405: _RELOAD,
    409: "Somebody may have been faster, or the step is over. Reload the page to see how it "
    "stands now.",
    413: "Nothing was kept. Send something smaller.",
    422: "Go back, correct what is named above, and send it again.",
    429: "Nothing was looked at. Wait as long as it says, then try again.",
    500: "Nothing of what you asked for was done by halves. Try once more; when it happens "
    "again, tell the operator the time and the address of this page.",
    503: "Nothing is lost. Wait a minute and reload; the operator's health page names the part "
    "that is down and what helps.",
}


def help_for(status: int) -> str:
    """One or two sentences."""
    return _HELPS.get(status, _RELOAD)
