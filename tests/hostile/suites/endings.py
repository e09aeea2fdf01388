"""The secret in how a run ends and how long it takes."""

from tests.hostile.game.suite import suite
from tests.hostile.suites.encoders import first

HONEST = first(10)


@suite(leak="exit", uses=8)
def exit_code(guest, secret):
    """Ends with the secret as its exit status, without an end record."""
    guest.die(secret)


@suite(leak="exit")
def exit_code_after_the_end(guest, secret):
    """Is honest, and only then ends with an exit status that says the secret."""
    guest.finish(HONEST)
    guest.die(8 * secret + 1)


@suite(leak="exit")
def signals(guest, secret):
    """Kills itself by the signal of its choice. By signal 9 it looks like a container that was
    killed from outside, for which slot and bits were given back if no reply had been read."""
    guest.die(128 + secret)


@suite(leak="exit", uses=1)
def out_of_memory(guest, secret):
    """Takes all memory so that the kernel kills it, or ends by itself."""
    guest.die(137 if secret else 1, oom=bool(secret))


@suite(leak="exit", runs=2)
def crash_and_retry(guest, secret):
    """Reads the secret, then dies as if the platform had failed, or as if by its own fault, in the
    hope of slot and bits back for one of the two; then does the same in the next run."""
    guest.die((137, 1, 139, 0, 255)[(secret >> guest.run) % 5])


@suite(leak="ending", uses=2)
def ways_to_fail(guest, secret):
    """Fails by a bad row, by a wrong count, by spending the whole budget or by silence."""
    if secret == 0:
        guest.raw_row("q0", b"{}")
    elif secret == 1:
        guest.end(3)
    elif secret == 2:
        while guest.ask() is not None:
            pass
    guest.die(0)


@suite(leak="rows")
def rows_without_an_end(guest, secret):
    """Sends as many rows as the secret says and then dies, so that a report of what there is so far
    would tell."""
    guest.rows(first(20), skip=range(secret % 21, 20))
    guest.die(0)


@suite(leak="ending", uses=1, views=2)
def fail_or_not(guest, secret):
    """Fails or does not: the one bit that every run has, and that was charged."""
    if secret:
        guest.die(1)
    guest.finish(HONEST)


@suite(leak="seconds")
def sleep(guest, secret):
    """Sleeps for as many seconds as the secret says, then is honest."""
    guest.wait(secret + 0.5)
    guest.finish(HONEST)


@suite(leak="seconds")
def sleep_and_fail(guest, secret):
    """Sleeps for as many seconds as the secret says and then dies: no scores, and a moment."""
    guest.wait(secret * 1.5)
    guest.die(1)


@suite(leak="seconds")
def pauses_between_rows(guest, secret):
    """Sends rows in a rhythm: a long or a short pause for each bit."""
    for place in range(5):
        guest.wait(1 + (secret >> place & 1))
    guest.finish(HONEST)


@suite(leak="ending", uses=2, views=1)
def time_out(guest, secret):
    """Runs into the end of its time, in the middle of rows, before any or in the middle of a
    request, or dies just before."""
    if secret == 0:
        guest.rows(first(20), skip=range(5, 20))
    elif secret == 1:
        guest.send(b"POST /assay/v1/end HTTP/1.1\r\nContent-Le", 1)
    elif secret == 2:
        guest.wait(56.5)
        guest.die(1)
    guest.wait(10_000)


@suite(leak="seconds", uses=4, views=2)
def edge_of_the_time(guest, secret):
    """Ends within a tenth of a second before or after the end of its time: too late is FAILED, and
    nothing says by how much."""
    guest.wait(56.92 + secret / 100)
    guest.finish(HONEST)


@suite(leak="seconds", uses=4, late=True)
def edge_of_the_slot(guest, secret):
    """Starts at the last moment that is agreed, works to the end of its time and makes its own
    removal slow, by up to nine seconds, so that its release would come after its slot."""
    guest.wait(56.5)
    guest.finish(HONEST)
    guest.die(0, teardown_s=0.6 * secret)


@suite(leak="seconds", uses=4, late=True)
def slow_removal_of_a_failure(guest, secret):
    """The same without scores: a failure that would be known some seconds after its slot."""
    guest.wait(56.5)
    guest.die(1, teardown_s=0.6 * secret)


@suite(leak="seconds", late=True)
def removal_that_takes_ages(guest, secret):
    """Brings the host into such trouble that its own end is known only long after the slot, by a
    number of seconds that is the secret. It is FAILED then, and a minute late however late it is."""
    guest.wait(56.5)
    if secret % 2:
        guest.finish(HONEST)
    guest.die(1, teardown_s=21 + secret)


@suite(leak="seconds", runs=2, chained=True)
def holding_up_a_run_of_a_fixed_slot(guest, secret):
    """Keeps the host busy for as long as the secret says, so that the run behind it starts late;
    that one's report would tell by its time, if its slot were not fixed when it was reserved."""
    if not guest.run:
        guest.wait(secret)
    guest.finish(HONEST)


@suite(leak="seconds")
def a_stop_by_somebody_else(guest, secret):
    """Behaves so that whoever looks on at the vendor stops the run, at a moment of its choice."""
    guest.wait(secret)
    guest.make_the_vendor_stop_it()


@suite(leak="ending", uses=4, views=2, silent=True)
def silence(guest, _secret):
    """Asks once and learns nothing but that no reply has come for some seconds, which tells how long
    the answer is. If so it kills itself by signal 9, so as to look like a container that was killed
    from outside: slot and bits would be given back, and the refund would have told for nothing."""
    guest.ask()
    guest.wait(8)
    if guest.late_reply() is None:
        guest.die(137)
    guest.finish(HONEST)
