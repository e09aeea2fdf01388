"""The database's failures as sentences: no statement, no value and no password is in them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

from sqlalchemy import exc

from harness.errors import Conflict, InvalidInput, Unavailable

# What each of the two databases calls a row that is there already.
_DUPLICATE: Final = {"23505", "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"}
_FORBIDDEN: Final = "42501"


class _Failure(NamedTuple):
    """What a failure is known by, and what is said of it."""

    codes: str
    words: tuple[str, ...]
    sentence: str


# The first that fits, by the code (https://www.postgresql.org/docs/15/errcodes-appendix.html) or
# by words: SQLite has words only, and so has PostgreSQL for a connection that was not made.
_FAILURES: Final = (
    _Failure(
        "53100",
        ("disk is full", "disk i/o", "no space left"),
        "the disk of the {kind} database is full; nothing was written: free space, then try again",
    ),
    _Failure(
        "53300",
        ("too many clients", "too many connections", "connection slots are reserved"),
        "the {kind} database has no connection left; try again, and when it stays so, run fewer "
        "processes or raise its max_connections",
    ),
    _Failure(
        "28000 28P01",
        ("password authentication failed", "no password supplied", 'role "', "pg_hba.conf"),
        "the {kind} database refuses the user or the password of ASSAY_DATABASE_URL: correct them",
    ),
    _Failure(
        "3D000",
        ("does not exist",),
        "the {kind} server has no database of the name in ASSAY_DATABASE_URL: make it with "
        "`createdb`",
    ),
    _Failure(
        "25006",
        (),
        "the {kind} database can only be read: name its primary server in ASSAY_DATABASE_URL",
    ),
    _Failure(
        "",
        ("unable to open", "readonly"),
        "the {kind} database cannot be opened: check its folder, or run `assay db upgrade` to "
        "make it",
    ),
    _Failure(
        "",
        ("malformed", "not a database"),
        "the {kind} database is damaged: restore it from a backup",
    ),
    _Failure(
        "55P03 40001 40P01 25P03",
        ("locked",),
        "the {kind} database is busy; try again",
    ),
    _Failure(
        "57P01 57P02 57P03",
        ("the database system is",),
        "the {kind} database is starting or stopping; try again",
    ),
    _Failure(
        "",
        ("connection failed", "connection timeout"),
        "the {kind} database does not answer: start it, or correct host and port in "
        "ASSAY_DATABASE_URL",
    ),
)
_SILENT: Final = "the {kind} database does not answer; see `assay doctor`"


@contextmanager
def speaking(kind: str) -> Iterator[None]:
    """Turn the driver's failures into sentences; `kind` is the database's name for people.

    Raises Conflict for a row that somebody else stored meanwhile, InvalidInput for a value that
    no column can hold, Unavailable for a database that cannot do its work now. Faults of our own
    code stay what they are.
    """
    try:
        yield
    except exc.IntegrityError as error:
        if _code(error) in _DUPLICATE:
            raise Conflict("somebody else stored the same meanwhile; look again") from None
        raise
    except exc.ProgrammingError as error:
        if _code(error) == _FORBIDDEN:
            raise Unavailable(
                f"the user of ASSAY_DATABASE_URL may not do this: make it the owner of the {kind} "
                "database"
            ) from None
        raise
    except exc.DataError:
        raise InvalidInput(
            "a value is too long or too large, or has a character that cannot be stored"
        ) from None
    except exc.DBAPIError as error:
        raise Unavailable(_sentence(error).format(kind=kind)) from None
    except exc.TimeoutError:
        raise Unavailable(f"the {kind} database is busy; try again") from None


def _code(error: exc.DBAPIError) -> str:
    """The failure's own code, empty when it has none."""
    names = ("sqlstate", "sqlite_errorname")
    return next((found for name in names if (found := getattr(error.orig, name, None))), "")


def _sentence(error: exc.DBAPIError) -> str:
    code, said = _code(error), str(error.orig).lower()
    for failure in _FAILURES:
        if (code and code in failure.codes) or any(word in said for word in failure.words):
            return failure.sentence
    return _SILENT
