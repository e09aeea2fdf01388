"""Scores that are no plain integers in their range, or are written in more than one way."""

import json

from tests.hostile.game.suite import suite


def with_value(guest, text, at=0):
    """All rows, one of them with this text in place of its value; and the end."""
    for index, sample in enumerate(guest.samples):
        value = text if index == at else "0"
        guest.raw_row(sample, f'{{"epoch":0,"values":{{"correct":{value}}}}}'.encode())
    guest.end()


@suite(leak="figures")
def floats(guest, secret):
    """Writes the secret into the digits of a fraction, 0.00013 for instance, so that the mean over
    all samples carries it in the places that nobody looks at."""
    with_value(guest, f"0.{secret:07d}1")


@suite(leak="per_sample", uses=1)
def negative_zero(guest, secret):
    """Scores 0.0 or -0.0: equal to every comparison, and printed with another sign."""
    with_value(guest, "-0.0" if secret else "0.0")


@suite(leak="bytes", uses=1)
def negative_integer_zero(guest, secret):
    """Scores 0 or -0, which JSON knows as the same integer, and hopes that the sign survives."""
    with_value(guest, "-0" if secret else "0")


@suite(leak="figures", uses=2)
def not_a_number(guest, secret):
    """Scores NaN, an infinity of either sign or 1e400, four symbols that a lax reader takes for
    numbers and an average carries on."""
    with_value(guest, ("NaN", "Infinity", "-Infinity", "1e400")[secret])


@suite(leak="figures")
def big_integers(guest, secret):
    """Scores an integer of twenty to thousands of digits: enough for all that the model said, and
    enough to make a reader slow or raise an error that quotes it."""
    with_value(guest, "9" * (20 + 150 * secret))


@suite(leak="figures")
def past_the_exact_integers(guest, secret):
    """Scores 2**53 + s, where a reader that goes through floats rounds and one that does not keeps
    every digit."""
    with_value(guest, str(2**53 + 1 + secret))


@suite(leak="per_sample", uses=4)
def booleans(guest, secret):
    """Scores true and false for some samples: equal to 1 and 0 in Python and of another type, so
    that a mean is honest while a listing is not."""
    for index, sample in enumerate(guest.samples):
        honest = index >= 4
        guest.row(sample, {"correct": 0 if honest else bool(secret >> index & 1)})
    guest.end()


@suite(leak="figures")
def numbers_in_quotes(guest, secret):
    """Scores the text "1" with as many spaces and zeros around it as stand for the secret."""
    with_value(guest, json.dumps("0" * secret + "1"))


@suite(leak="per_sample", uses=3)
def nothing_lists_and_objects(guest, secret):
    """Scores null, lists and objects in place of a number, one of eight for eight symbols."""
    shapes = ("null", "[]", "[0]", "[[1]]", "{}", '{"a":1}', '{"a":{}}', "[null]")
    with_value(guest, shapes[secret])


@suite(leak="requests", uses=2)
def integers_with_an_exponent(guest, secret):
    """Scores 1 as 1e0, 1E0, 10e-1 or 1.0: integers in value, and four spellings."""
    with_value(guest, ("1e0", "1E0", "10e-1", "1.0")[secret])


@suite(leak="figures", uses=4)
def out_of_range_by_one(guest, secret):
    """Scores 2 or -1 where 0 and 1 are declared, on a sample of its choice: the least step out of
    the range, which an average over twenty would hardly show."""
    with_value(guest, "2" if secret % 2 else "-1", at=secret // 2)


@suite(leak="figures")
def huge_but_plain(guest, secret):
    """Scores an integer that the wire allows and the declared range does not, a million and the
    secret, which clipping to the range would hide and an error message would quote."""
    with_value(guest, str(1_000_000 + secret))


@suite(leak="bytes")
def spaces(guest, secret):
    """Writes the same rows with more or fewer spaces between them: equal values, other bytes."""
    with_value(guest, " " * secret + "1")


@suite(leak="requests", uses=1)
def escapes_and_order(guest, secret):
    """Writes the name of the metric with or without escapes and the two keys in either order: equal
    to every reader, and other bytes for whoever keeps them."""
    for sample in guest.samples:
        plain = b'{"epoch":0,"values":{"correct":1}}'
        other = b'{"values":{"\\u0063orrect":1},"epoch":0}'
        guest.raw_row(sample, other if secret else plain)
    guest.end()


@suite(leak="requests", uses=1)
def duplicate_keys(guest, secret):
    """Gives the metric twice in one row, so that a reader that takes the first and one that takes
    the last see different scores."""
    last = b'{"epoch":0,"values":{"correct":1,"correct":%d}}' % secret
    guest.raw_row(guest.samples[0], last)
    guest.finish()


@suite(leak="requests")
def invalid_text(guest, secret):
    """Puts bytes that are no UTF-8, half a surrogate pair or a byte order mark where a number
    belongs, to be quoted by whatever complains about them."""
    broken = (b"\xff" * (secret + 1), b'"\\ud8%02x"' % secret, b"\xef\xbb\xbf%d" % secret)
    guest.raw_row(guest.samples[0], b'{"epoch":0,"values":{"correct":%b}}' % broken[secret % 3])
    guest.end()
