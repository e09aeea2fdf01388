"""Honest channels used for all they carry: what the bound counts, and the bound holds."""

from tests.hostile.game.suite import suite

LEVELS = 5  # of twenty samples in units of five
UNIT = 5


def first(count, of=20):
    """Ones for the first so many samples."""
    return [int(index < count) for index in range(of)]


def shares(place, units=4, labels=3):
    """The place-th way to share the units among the labels, in samples."""
    ways = [(a, b, units - a - b) for a in range(units + 1) for b in range(units + 1 - a)]
    counts = ways[place % len(ways)]
    return [label for label in range(labels) for _ in range(counts[label] * UNIT)]


def two_groups(law, art):
    """So many ones in each of two groups of twenty that take turns."""
    return [int(index // 2 < (law if index % 2 else art)) for index in range(40)]


def level(count):
    """The level that a count of samples stands for."""
    return (2 * count + UNIT) // (2 * UNIT)


# Two counts for each report of two groups and their total that can be.
PAIRS = list(
    {
        (level(law), level(art), level(law + art)): (law, art)
        for law in range(21)
        for art in range(21)
    }.values()
)


@suite(views=None, uses=4, leak="figures", reaches=LEVELS)
def grid(guest, secret):
    """Scores as many samples as correct as the secret says, in steps of one level, and so writes a
    digit of it into the accuracy. This is what the leak bound counts; nobody can do better with one
    proportion that never fails."""
    guest.finish(first(secret % LEVELS * UNIT))


@suite(views=None, uses=4, leak="figures", reaches=LEVELS + 1)
def grid_and_failure(guest, secret):
    """Uses the whole alphabet of a plain report: five levels, and for the sixth symbol it breaks a
    rule on purpose so that the run is FAILED. It reaches every symbol that was charged."""
    digit = secret % (LEVELS + 1)
    if digit == LEVELS:
        guest.die(1)
    guest.finish(first(digit * UNIT))


@suite(views=None, agreement="histogram", uses=5, leak="figures", reaches=15)
def histogram(guest, secret):
    """Answers nothing that the model said, but spreads the samples over the three outcomes so that
    the shares of the histogram name the secret: fifteen ways to share four units."""
    guest.finish(shares(secret))


@suite(views=None, agreement="passes", uses=4, leak="figures", reaches=LEVELS)
def passes(guest, secret):
    """Claims to count how many of four attempts passed, as pass@k does, and steers the total of
    the attempts to the level that stands for the secret."""
    total = secret % LEVELS * UNIT * 4
    guest.finish([min(4, max(0, total - 4 * index)) for index in range(20)])


@suite(views=None, agreement="grouped", uses=6, leak="figures", reaches=57)
def nested_groups(guest, secret):
    """Two groups of twenty and their total: tries the pairs of counts that differ in any of the three, hoping that the total tells
    something that the two levels beside it do not. It does, at the edges of levels: 57 of the 225
    reports that are charged can be reached."""
    law, art = PAIRS[secret % len(PAIRS)]
    guest.finish(two_groups(law, art))


@suite(views=None, agreement="mixed", uses=9, leak="figures", reaches=5 * 15 * 5)
def every_metric_at_once(guest, secret):
    """Three metrics over score fields of their own, each used as a digit: a proportion, a histogram
    and a rating. All 375 reports that there are, of an alphabet of 376 with FAILED."""
    one, rest = secret % 5, secret // 5
    two, three = rest % 15, rest // 15 % 5
    ratings = [3 if index < three * UNIT else -3 for index in range(20)]
    guest.finish(first(one * UNIT), shares(two), ratings)


@suite(views=None, agreement="buckets", uses=5, leak="figures", reaches=2 * LEVELS + 1)
def level_and_bucket(guest, secret):
    """Under a protocol that shows completeness it lets the model's endpoint break down over no
    sample, one or two, and so chooses the bucket, beside the level; two broken samples of twenty
    end the run FAILED. Eleven symbols, all of them charged."""
    digit = secret % (2 * LEVELS + 1)
    for _ in range(2 if digit == 2 * LEVELS else digit // LEVELS):
        guest.ask("trouble")
    guest.finish(first(digit % LEVELS * UNIT))


@suite(views=None, agreement="completion", uses=6, leak="seconds")
def slot_and_level(guest, secret):
    """Under a protocol that releases on completion it sleeps until the slot of its choice and adds
    a level: the moment of the release is a digit too. The bound counts every slot that there is."""
    guest.wait(secret // LEVELS % 6 * 10)
    guest.finish(first(secret % LEVELS * UNIT))


@suite(views=None, agreement="completion", uses=5, leak="seconds")
def slot_of_a_failure(guest, secret):
    """Releases nothing and dies at the moment that stands for the secret. Where a release leaves on
    completion a failure is seen at the next slot as well, and is counted there."""
    guest.wait(secret % 6 * 10)
    guest.die(1)


@suite(views=None, runs=2, uses=5, leak="figures", reaches=LEVELS**2)
def two_runs(guest, secret):
    """Two runs of one agreement, a digit in each. The ledgers are charged for both, so that the
    bits add up and nothing is won by repeating."""
    guest.finish(first((secret // LEVELS if guest.run else secret) % LEVELS * UNIT))


@suite(views=None, runs=2, uses=5, leak="figures", reaches=9)
def averaging(guest, secret):
    """Shows one count of 0 to 20 twice, the second time shifted by half a level, so that an average
    of the two is finer than either. It is, and two reports were paid for."""
    guest.finish(first(min(20, secret % 21 + (2 if guest.run else 0))))


@suite(views=None, runs=2, uses=5, leak="figures")
def all_but_one(guest, secret):
    """Runs all samples, then acts as if the suite had one sample less, and subtracts: at the edge of
    a level the difference is what the model did with that one sample. It stays within two bounds;
    that versions may differ in none or at least twenty samples is a rule of admission."""
    alone, others = secret % 2, secret // 2
    guest.finish(first(others + (0 if guest.run else alone)))


@suite(views=None, agreement=("grouped", "plain"), uses=6, leak="figures")
def all_but_twenty(guest, secret):
    """Runs forty samples under one agreement and twenty of them under another, which is allowed,
    and subtracts. Both reports were charged; the difference is worth no more than their bounds."""
    law, art = PAIRS[secret % len(PAIRS)]
    guest.finish(first(law) if guest.run else two_groups(law, art))


@suite(views=None, agreement=("plain", "elsewhere"), uses=5, leak="figures", reaches=25)
def two_organisations(guest, secret):
    """Two organisations of one owner run a digit each and put them together. Each pays for its own
    report, and the owner's ledger for both."""
    guest.finish(first((secret // LEVELS if guest.run else secret) % LEVELS * UNIT))


@suite(views=None, agreement="completion", runs=2, uses=6, leak="seconds", chained=True)
def holding_up_another_run(guest, secret):
    """Keeps the host busy for as long as the secret says, so that the next run starts late and its
    release comes at another slot. Where releases leave on completion the window counts from the
    reservation, so that a late start was charged as well."""
    if not guest.run:
        guest.wait(secret % 55)
    guest.finish(first(0))
