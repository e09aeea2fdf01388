"""Errors for people and programs: a HarnessError becomes a status and a page, or problem+json.

RFC 9457 says what problem+json looks like; `errors` adds a pointer (RFC 6901) for each problem.
Nothing in a reply comes from an exception that is not ours.
"""

import logging
import re
import traceback
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Final
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException

from harness.errors import (
    Conflict,
    HarnessError,
    InvalidInput,
    NotAllowed,
    NotFound,
    NotSignedIn,
    TooManyAttempts,
    Unavailable,
)
from web.auth import maybe_visit
from web.dependencies import desk
from web.helps import help_for
from web.rendering import render

PROBLEM: Final = "application/problem+json"
_log = logging.getLogger(__name__)
_FIELD: Final = re.compile(r"([A-Za-z][A-Za-z0-9_.\[\] -]{0,80}): (.+)", re.DOTALL)
_FRAMES: Final = 6
_MOST_PROBLEMS: Final = 20
_LONGEST_NAME: Final = 64

# The most particular class first.
_STATUS: Final[tuple[tuple[type[HarnessError], int], ...]] = (
    (InvalidInput, 422),
    (NotFound, 404),
    (NotSignedIn, 401),
    (NotAllowed, 403),
    (TooManyAttempts, 429),
    (Conflict, 409),
    (Unavailable, 503),
    (HarnessError, 500),
)
_TITLES: Final = {
    400: "The request cannot be read",
    401: "Sign in first",
    403: "Not allowed",
    404: "Not found",
    405: "Not allowed here",
    406: "Not available in that form",
    409: "Not in this state",
    413: "Too large",
    415: "Not a form that is understood",
    422: "Something in the request is wrong",
    429: "Too many attempts",
    500: "An error of Assay's own",
    503: "Not available now",
}


def status_of(error: HarnessError) -> int:
    """HTTP status of an error."""
    return next(status for kind, status in _STATUS if isinstance(error, kind))


def split_problem(text: str) -> tuple[str, str]:
    """Field and message of one problem; an empty field when it names none."""
    found = _FIELD.fullmatch(text)
    return (found[1], found[2]) if found else ("", text)


def pointer(field: str) -> str:
    """JSON pointer to a field that a problem names as `a.b[0]`, or `owner group`."""
    parts = re.split(r"[.\[\]]+", field.replace(" ", "_").lower())
    return "".join(f"/{part}" for part in parts if part)


def problem(
    status: int,
    code: str,
    detail: str,
    problems: Iterable[tuple[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem+json reply; `problems` are (JSON pointer, message)."""
    value: dict[str, Any] = {
        "type": "about:blank",
        "title": _TITLES.get(status, "Not possible"),
        "status": status,
        "code": code,
        "detail": detail,
        "errors": [{"pointer": where, "detail": message} for where, message in problems],
    }
    return JSONResponse(value, status, dict(headers or {}), media_type=PROBLEM)


def install(app: FastAPI) -> None:
    """Let the application answer errors."""
    app.add_exception_handler(HarnessError, _harness_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)


def for_program(path: str) -> bool:
    """Whether whoever asks for this path is a program."""
    return path.startswith(("/api/", "/health/"))


def answer(
    request: Request,
    status: int,
    code: str,
    detail: str,
    problems: Iterable[tuple[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The reply to whoever asked: problem+json for a program, a page for a person."""
    if for_program(request.url.path):
        return problem(status, code, detail, problems, headers)
    title = _TITLES.get(status, "Not possible")
    said = "" if detail == title else detail[:1].upper() + detail[1:]
    page = render(
        request,
        "error.html",
        status,
        title=title,
        detail=said,
        status=status,
        help=help_for(status),
    )
    page.headers.update(headers or {})
    return page


def _harness_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HarnessError):
        raise TypeError
    status = status_of(error)
    headers = {}
    if isinstance(error, TooManyAttempts):
        headers["retry-after"] = str(error.retry_after_s)
    if isinstance(error, NotSignedIn):
        if not for_program(request.url.path):
            return _to_sign_in(request)
        headers["www-authenticate"] = 'Bearer realm="assay"'
    problems = []
    if isinstance(error, InvalidInput):
        split = [split_problem(text) for text in error.problems]
        problems = [(pointer(field), message) for field, message in split]
    return answer(request, status, error.code, str(error), problems, headers)


def _to_sign_in(request: Request) -> Response:
    target = request.url.path if request.method == "GET" else ""
    return RedirectResponse(f"/sign-in?next={quote(target)}" if target else "/sign-in", 303)


def _validation_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise TypeError
    # What was sent is not repeated: a client may have put a secret into the wrong field.
    problems = [
        ("".join(f"/{_step(str(part))}" for part in item["loc"][1:]), str(item["msg"]))
        for item in error.errors()[:_MOST_PROBLEMS]
    ]
    detail = "; ".join(f"{where or 'request'}: {message}" for where, message in problems)
    return answer(request, 422, InvalidInput.code, detail, problems)


def _step(name: str) -> str:
    """One step of a JSON pointer. A name that nobody declared may hold anything."""
    if not name.isprintable() or len(name) > _LONGEST_NAME:
        return "(unreadable name)"
    return name.replace("~", "~0").replace("/", "~1")


def _http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise TypeError
    if not for_program(request.url.path):
        # No view was reached that would have asked; the page's head shows who is signed in.
        with suppress(HarnessError):
            maybe_visit(request, desk(request))
    title = _TITLES.get(error.status_code, "Not possible")
    return answer(request, error.status_code, "http", title, headers=dict(error.headers or {}))


def fault(request: Request, error: Exception) -> Response:
    """The reply to an error of ours. Logs places in our code, never a value: text may leak."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    places = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames))
    _log.error("fault kind=%s at=%s", type(error).__name__, places)
    return answer(request, 500, "fault", "an error of Assay's own; the operator can see where")
