"""The constraints: how each is asked for, in several wordings, and the check that decides it.

The checks are those of the scorer `instructions`.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Constraint:
    """One constraint on an answer."""

    wordings: tuple[str, ...]
    check: dict[str, object]


@dataclass(frozen=True, slots=True)
class Task:
    """A plain request and what the answer must keep to."""

    request: str
    constraints: tuple[Constraint, ...]


def task(request: str, *constraints: Constraint) -> Task:
    """Put a request and its constraints together."""
    return Task(request, constraints)


def words_at_most(count: int) -> Constraint:
    """Allow so many words."""
    return Constraint(
        (
            f"Use at most {count} words.",
            f"Keep it to {count} words or fewer.",
            f"Your answer must not be longer than {count} words.",
        ),
        {"id": "words", "at_most": count},
    )


def words_at_least(count: int) -> Constraint:
    """Ask for so many words or more."""
    return Constraint(
        (
            f"Write at least {count} words.",
            f"Your answer must have {count} words or more.",
            f"Use no fewer than {count} words.",
        ),
        {"id": "words", "at_least": count},
    )


def words_between(low: int, high: int) -> Constraint:
    """Ask for a number of words between two bounds, both included."""
    return Constraint(
        (
            f"Write between {low} and {high} words.",
            f"The answer must have at least {low} and at most {high} words.",
        ),
        {"id": "words", "at_least": low, "at_most": high},
    )


def sentences(count: int) -> Constraint:
    """Ask for an exact number of sentences."""
    return Constraint(
        (
            f"Answer in exactly {count} sentences.",
            f"Write {count} sentences, no more and no fewer.",
        ),
        {"id": "sentences", "exactly": count},
    )


def paragraphs(count: int) -> Constraint:
    """Ask for an exact number of paragraphs."""
    return Constraint(
        (
            f"Write exactly {count} paragraphs with a blank line between them.",
            f"Split the answer into {count} paragraphs, separated by blank lines.",
        ),
        {"id": "paragraphs", "exactly": count},
    )


def includes(*words: str) -> Constraint:
    """Ask for some words."""
    listed = quoted_list(words)
    plural = "word" if len(words) == 1 else "words"
    return Constraint(
        (
            f"Your answer must contain the {plural} {listed}.",
            f"Make use of the {plural} {listed}.",
            f"Mention the {plural} {listed} somewhere.",
        ),
        {"id": "includes", "words": list(words)},
    )


def excludes(*words: str) -> Constraint:
    """Forbid some words."""
    listed = quoted_list(words, "or")
    plural = "word" if len(words) == 1 else "words"
    return Constraint(
        (
            f"Do not use the {plural} {listed}.",
            f"Avoid the {plural} {listed} altogether.",
            f"The {plural} {listed} must not appear in your answer.",
        ),
        {"id": "excludes", "words": list(words)},
    )


def keyword_times(word: str, count: int) -> Constraint:
    """Ask for one word an exact number of times."""
    return Constraint(
        (
            f'Use the word "{word}" exactly {count} times.',
            f'The word "{word}" must appear {count} times, no more and no fewer.',
        ),
        {"id": "keyword", "of": word, "exactly": count},
    )


def keyword_at_least(word: str, count: int) -> Constraint:
    """Ask for one word so many times or more."""
    return Constraint(
        (
            f'Use the word "{word}" at least {count} times.',
            f'The word "{word}" must appear {count} times or more.',
        ),
        {"id": "keyword", "of": word, "at_least": count},
    )


def lowercase() -> Constraint:
    """Ask for small letters only."""
    return Constraint(
        (
            "Write everything in lower case, without a single capital letter.",
            "Use only lower-case letters.",
            "Do not use any capital letters.",
        ),
        {"id": "lowercase"},
    )


def uppercase() -> Constraint:
    """Ask for capital letters only."""
    return Constraint(
        (
            "Write everything in capital letters.",
            "Use only upper-case letters.",
            "Every letter of your answer must be a capital.",
        ),
        {"id": "uppercase"},
    )


def no_commas() -> Constraint:
    """Forbid commas."""
    return Constraint(
        (
            "Do not use any commas.",
            "Write without commas.",
            "Your answer must not contain a comma.",
        ),
        {"id": "no_commas"},
    )


def bullets(count: int) -> Constraint:
    """Ask for an exact number of bullet points."""
    return Constraint(
        (
            f'Give exactly {count} bullet points, each on its own line and starting with "- ".',
            f'Answer as a list of {count} lines, each of which starts with "- ".',
            f'Write {count} bullets, no more and no fewer, one a line, each marked with "- ".',
        ),
        {"id": "bullets", "exactly": count},
    )


def starts_with(text: str) -> Constraint:
    """Ask for an opening."""
    return Constraint(
        (
            f'Begin your answer with "{text}" and go on from there.',
            f'Let your answer start with exactly "{text}" and then carry on.',
        ),
        {"id": "starts_with", "text": text},
    )


def ends_with(text: str) -> Constraint:
    """Ask for an ending."""
    return Constraint(
        (
            f'End your answer with exactly "{text}" and write nothing after it.',
            f'Let your answer finish with exactly "{text}" and stop there.',
        ),
        {"id": "ends_with", "text": text},
    )


def in_quotes() -> Constraint:
    """Ask for the whole answer in quotation marks."""
    return Constraint(
        (
            "Put your whole answer between double quotation marks.",
            "Start and finish your answer with a double quotation mark.",
        ),
        {"id": "quoted"},
    )


def json_with(*keys: str) -> tuple[Constraint, Constraint]:
    """Ask for JSON that names some keys."""
    listed = quoted_list(keys)
    return (
        Constraint(
            (
                f"Answer with one JSON object and no other text. Its keys are {listed}.",
                f"Give the answer as a JSON object with the keys {listed} and write nothing else.",
                f"Reply in valid JSON only: one object with the keys {listed}.",
            ),
            {"id": "json"},
        ),
        Constraint(("",), {"id": "includes", "words": list(keys)}),
    )


def quoted_list(words: tuple[str, ...], link: str = "and") -> str:
    """Write words in quotation marks, as a list in English."""
    quoted = [f'"{word}"' for word in words]
    if len(quoted) == 1:
        return quoted[0]
    return f"{', '.join(quoted[:-1])} {link} {quoted[-1]}"
