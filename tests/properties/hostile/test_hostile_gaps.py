"""What is known to be open, measured: a test here that fails has been closed, or has grown."""

from harness.disclosure.bits import MICRO
from tests.hostile.game import auditor
from tests.hostile.game.wall import carry

LONGEST_S = 15


def wait_for_an_answer(guest, _secret):
    """Asks once, waits, and is honest."""
    guest.ask()
    guest.wait(30)
    guest.finish()


def test_a_refund_is_one_symbol_that_is_not_charged(game):
    """A model that thinks too long looks like a vendor that is down, and the refund says so.

    Where nothing is tried again it is the same moment for all that is too long.
    """
    held = game.arena.agreements["buckets"].claims[0]
    begun = auditor.start(held, held.run.reserved_at + 1)
    views = {
        auditor.view(
            begun, carry(begun.grant, wait_for_an_answer, 4, secret, begun.at, silent=True)
        )
        for secret in range(LONGEST_S + 1)
    }
    assert sorted(map(auditor.outcome, views)) == ["REFUNDED", "RELEASED"]
    # The charge for the whole report is given back, although the auditor has learnt one bit.
    assert held.run.microbits >= MICRO
