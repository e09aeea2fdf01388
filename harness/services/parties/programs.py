"""How a program signs in for the first time: a person's password, once, for a token."""

from harness.errors import InvalidInput
from harness.records import people as rows
from harness.services.parties import passwords, people, tokens
from harness.services.parties.tokens import Token
from harness.services.platform.opening import Platform


def sign_in(
    platform: Platform,
    login: str,
    password: str,
    source: str,
    organisation: str | None,
    name: str,
    scopes: list[str],
    days: int,
) -> tuple[Token, str]:
    """Make a token for a person by login and password; with its secret, shown once.

    `organisation` may be left out by who acts for one only. Raises InvalidInput, and
    TooManyAttempts as a browser's sign-in does.
    """
    login = people.clean_login(login)
    fitted = passwords.verify(platform, login, password, source)
    with platform.database.write() as session:
        row = rows.person(session, login)
        # Hashing took its time: meanwhile the password may be another, or the person shut out.
        if row is None or row.password != fitted or row.disabled_at is not None:
            raise passwords.wrong()
        actors = people.organisations_of(session, login)
        chosen = [
            actor for actor in actors if organisation is None or actor.organisation == organisation
        ]
        if len(chosen) != 1:
            named = ", ".join(actor.organisation for actor in actors) or "none yet"
            raise InvalidInput(f"organisation: one of those that you act for: {named}")
        return tokens.issue(session, platform, chosen[0], name, scopes, days)
