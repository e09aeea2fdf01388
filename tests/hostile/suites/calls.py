"""The secret in what is asked of the model, how often, and what goes wrong with it."""

from tests.hostile.game.suite import suite
from tests.hostile.suites.encoders import first

HONEST = first(10)


@suite(leak="calls", uses=4)
def number_of_calls(guest, secret):
    """Asks the model as often as the secret says; a bill or a count of calls would tell."""
    for _ in range(secret):
        guest.ask()
    guest.finish(HONEST)


@suite(leak="usage")
def tokens(guest, secret):
    """Asks with prompts as long as the secret says; a count of tokens or a price would tell."""
    guest.ask("word " * secret)
    guest.finish(HONEST)


@suite(leak="ending", uses=1, views=2)
def spend_the_budget_or_not(guest, secret):
    """Spends all that was agreed, or does not: an alarm for an exhausted budget is a symbol too."""
    while secret and guest.ask() is not None:
        pass
    guest.finish(HONEST)


@suite(leak="ending", uses=1)
def which_budget_is_spent(guest, secret):
    """Spends the calls, or the tokens that may be sent: two causes of one failure."""
    prompt = "word " * 6000 if secret else "word"
    while guest.ask(prompt) is not None:
        pass
    guest.finish(HONEST)


@suite(leak="failed", uses=3)
def how_many_calls_fail(guest, secret):
    """Asks what the vendor's endpoint breaks down over, as often as the secret says."""
    for _ in range(secret):
        guest.ask("trouble")
    guest.finish(HONEST)


@suite(leak="requests", uses=4)
def which_call_fails(guest, secret):
    """Asks sixteen times, and the endpoint breaks down once: which time is the secret."""
    for place in range(16):
        guest.ask("trouble" if place == secret else "no worry")
    guest.finish(HONEST)


@suite(agreement="buckets", views=None, leak="failed", uses=3, reaches=3)
def edge_of_a_bucket(guest, secret):
    """Where completeness is shown it lets no, one, or more of twenty calls fail. Two buckets and
    FAILED are what was charged; which calls failed, and how many, is not among it."""
    for _ in range(secret):
        guest.ask("trouble")
    guest.finish(HONEST)


@suite(leak="requests")
def a_role_that_spells(guest, secret):
    """Calls a model by a name that spells the secret, for an error that says no such model."""
    guest.ask(model=f"it-was-{secret}")
    guest.finish(HONEST)


@suite(leak="requests")
def another_vendors_model(guest, secret):
    """Puts what one model said into a prompt for a judge, a simulator or another vendor's model,
    which would tell somebody else."""
    guest.ask(f"Do you agree with: {secret}?", model=("judge", "simulator", "other")[secret % 3])
    guest.finish(HONEST)


@suite(leak="requests")
def parameters_that_are_not_agreed(guest, secret):
    """Asks with a temperature, a seed or a stop word that holds the secret."""
    odd = ({"temperature": secret / 16 + 0.1}, {"seed": secret}, {"stop": str(secret)})
    guest.ask(**odd[secret % 3])
    guest.finish(HONEST)


@suite(leak="requests")
def requests_that_are_no_chat(guest, secret):
    """Sends a call that is not JSON, deep, or large, and holds the secret, for the gateway's own
    words about it."""
    guest.request("/v1/chat/completions", b"{" * (secret + 1) + b'"it was"')
    guest.request("/v1/chat/completions", b'{"messages":' + b"[" * 50 * secret)
    guest.finish(HONEST)


@suite(leak="seconds", uses=3)
def calls_that_take_long(guest, secret):
    """Lets calls fail so that they are tried again after a pause, and so makes time pass."""
    for _ in range(secret):
        guest.ask("trouble")
        guest.wait(1.0)
    guest.finish(HONEST)
