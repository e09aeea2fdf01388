"""The secret in outputs, where the suite only asks and another container scores what was said."""

from tests.hostile.game.suite import suite
from tests.hostile.suites.encoders import LEVELS, UNIT

RIGHT, WRONG = "comply", "no"


@suite(agreement="separate", views=None, uses=4, leak="requests", reaches=LEVELS)
def answers_it_makes_up(guest, secret):
    """Hands over right and wrong answers of its own in place of the model's, as many right ones as
    the level that stands for the secret. It needs no answer keys for that, only to know the suite."""
    right = secret % LEVELS * UNIT
    guest.outputs([RIGHT if index < right else WRONG for index in range(20)])


@suite(agreement="separate", leak="requests")
def words_of_a_wrong_answer(guest, secret):
    """Puts the secret into the words of answers that are wrong in any case."""
    guest.outputs([f"it was {secret}"] * 20)


@suite(agreement="separate", leak="bytes")
def length_of_an_answer(guest, secret):
    """Hands over answers as long as the secret says, for a size, a duration or a limit to tell."""
    guest.outputs(["a" * 100 * secret] * 20)


@suite(agreement="separate", leak="requests")
def space_around_a_right_answer(guest, secret):
    """Puts spaces and line ends around right answers, which the scorer does not count."""
    guest.outputs([" \n" * secret + RIGHT] * 20)


@suite(agreement="separate", leak="requests")
def no_answer_or_a_wrong_one(guest, secret):
    """Says of some samples that the model gave no answer, and gives a wrong one for the others."""
    guest.outputs([None if secret >> index & 1 else WRONG for index in range(20)])


@suite(agreement="separate", leak="requests", uses=3)
def answers_that_are_no_text(guest, secret):
    """Hands over a number, a truth, a list, an object or too much nesting in place of a text."""
    odd = (5, True, [], [RIGHT], {}, {"a": {}}, 1.5, [[[[[[[[[1]]]]]]]]])
    guest.outputs([odd[secret]] + [WRONG] * 19)


@suite(agreement="separate", leak="requests")
def answers_twice(guest, secret):
    """Hands over an answer a second time, for another scorer of the same sample to get; which sample
    it is, is the secret."""
    guest.output(guest.samples[secret % 20], WRONG)
    guest.outputs([WRONG] * 20)


@suite(agreement="separate", leak="requests")
def answers_to_other_samples(guest, secret):
    """Hands over an answer to a sample or an epoch that there is not, named by the secret."""
    sample, epoch = (f"q-{secret}", 0) if secret % 2 else ("q0", secret + 1)
    guest.output(sample, WRONG, epoch=epoch)
    guest.outputs([WRONG] * 20)


@suite(agreement="separate", leak="rows", uses=4)
def scores_where_answers_are_due(guest, secret):
    """Hands score rows over where only outputs are taken, as many as the secret says, and is honest
    then."""
    for sample in guest.samples[:secret]:
        guest.row(sample, {"correct": 1})
    guest.outputs([WRONG] * 20)


@suite(agreement="separate", leak="ends")
def a_wrong_count_of_answers(guest, secret):
    """Says at the end that there were as many answers as the secret, having sent all or none."""
    if secret % 2:
        for sample in guest.samples:
            guest.output(sample, WRONG)
    guest.end(21 + secret)


@suite(agreement="separate", leak="exit")
def exit_while_others_score(guest, secret):
    """Is honest and ends with an exit status that says the secret, while the second container
    scores."""
    guest.outputs([WRONG] * 20)
    guest.die(8 * secret + 1)
