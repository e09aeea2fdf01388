"""The secret in which rows there are, how many, in what order and when."""

import hashlib

from tests.hostile.game.suite import suite
from tests.hostile.suites.encoders import first


@suite(leak="rows")
def more_rows_than_owed(guest, secret):
    """Sends as many rows too many as the secret says, each for an epoch that is not owed."""
    for extra in range(secret + 1):
        guest.row("q0", {"correct": 0}, epoch=1 + extra)
    guest.finish()


@suite(leak="rows", uses=4)
def fewer_rows_than_owed(guest, secret):
    """Leaves rows out, as many as the secret says, and is honest about how many there are."""
    missing = secret + 1
    guest.rows(skip=range(missing))
    guest.end(20 - missing)


@suite(leak="order", uses=4)
def which_row_is_missing(guest, secret):
    """Leaves one row out, always one, and which one is the secret; the end is honest about it."""
    guest.rows(skip=[secret])
    guest.end(19)


@suite(leak="order")
def order_of_rows(guest, secret):
    """Hands over the right rows in an order that spells the secret."""
    order = list(range(20))
    for place in range(5):
        if secret >> place & 1:
            order[2 * place], order[2 * place + 1] = order[2 * place + 1], order[2 * place]
    for index in order:
        guest.row(guest.samples[index], {"correct": 1})
    guest.end()


@suite(leak="per_sample")
def which_samples_passed(guest, secret):
    """Lets five of ten samples pass, one of each pair: always the same sum, and the choice within
    the pairs is the secret."""
    column = [0] * 20
    for place in range(5):
        column[2 * place + (secret >> place & 1)] = 1
    guest.finish(column)


@suite(leak="figures", uses=3)
def sums_of_one_level(guest, secret):
    """Lets 8 to 12 samples of 20 pass: five different sums that one level stands for."""
    guest.finish(first(8 + secret % 5))


@suite(agreement="twice", leak="requests")
def which_epoch_passed(guest, secret):
    """Two epochs, and each sample passes once: whether in the first or the second is the secret."""
    for epoch in range(2):
        for index, sample in enumerate(guest.samples):
            bit = secret >> index & 1 if index < 5 else 0
            guest.row(sample, {"correct": int(epoch == bit)}, epoch=epoch)
    guest.end()


@suite(leak="order", uses=4)
def repeated_row(guest, secret):
    """Hands one row over twice, and which one is the secret: an error about a row that is there already
    would name it."""
    guest.row(guest.samples[secret], {"correct": 0})
    guest.finish()


@suite(leak="requests")
def epochs_as_a_message(guest, secret):
    """Numbers the epoch of one row by the secret, where there is one epoch only."""
    guest.row("q0", {"correct": 0}, epoch=secret + 1)
    guest.finish()


@suite(leak="requests", uses=3)
def epochs_that_are_none(guest, secret):
    """Numbers the epoch by true, 0.0, -1, "0", null, an object, 1e3 or 2**60."""
    odd = ("true", "0.0", "-1", '"0"', "null", "{}", "1e3", str(2**60))
    guest.raw_row("q0", f'{{"epoch":{odd[secret]},"values":{{"correct":0}}}}'.encode())
    guest.finish()


@suite(leak="rows")
def rows_after_the_end(guest, secret):
    """Is honest up to the end record, and then sends as many more rows as the secret says."""
    guest.finish(first(10))
    for _ in range(secret):
        guest.row("q0", {"correct": 1})


@suite(leak="ends")
def a_wrong_count(guest, secret):
    """Sends all rows and says in the end record that there were as many as the secret."""
    guest.rows()
    guest.end(21 + secret)


@suite(leak="ends")
def many_ends(guest, secret):
    """Sends the end record again and again, as often as the secret says."""
    guest.finish(first(10))
    for _ in range(secret):
        guest.end()


@suite(leak="ends", uses=3)
def ends_that_are_none(guest, secret):
    """Ends with true, a fraction, text, nothing, a list, too much nesting or too many fields."""
    odd = ("true", "20.0", '"20"', "null", "[20]", "[" * 30, "{}", "2e1")
    guest.rows()
    guest.request("/assay/v1/end", f'{{"rows":{odd[secret]}}}'.encode())


@suite(leak="digest", uses=4)
def a_digest_of_its_choice(guest, secret):
    """Searches among scores of one level for some whose SHA-256 begins with the secret, for any
    digest of the scores that a report, a receipt or a log might show."""
    for trial in range(1 << 10):
        column = [trial >> place & 1 for place in range(10)] + [0] * 10
        if 8 <= sum(column) <= 12 and hashlib.sha256(bytes(column)).digest()[0] % 16 == secret:
            guest.finish(column)
            return
