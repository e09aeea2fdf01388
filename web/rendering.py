"""Pages from templates. Whatever a party wrote is escaped; the content policy forbids the rest."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from web import navigation
from web.wording import duration

_FOLDER: Final = Path(__file__).parent / "templates"
_MICRO: Final = 1_000_000


def moment(at: float | None) -> str:
    """A time for people: UTC, to the second."""
    return "-" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def iso(at: float | None) -> str:
    """The same time for machines: RFC 3339."""
    return "" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def dollars(microusd: int) -> str:
    """Money for people, to a hundredth of a cent."""
    return f"${microusd / _MICRO:,.4f}"


def _environment() -> Environment:
    found = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {"moment": moment, "iso": iso, "dollars": dollars, "duration": duration}
    return found


_templates: Final = _environment()


def render(
    request: Request, template: str, status: int = 200, /, **context: object
) -> HTMLResponse:
    """A page. What every page shows of its reader comes from the request's state."""
    return HTMLResponse(text(template, **_reader(request), **context), status)


def text(template: str, /, **context: object) -> str:
    """A template's text."""
    return _templates.get_template(template).render(**context)


def see_other(path: str) -> Response:
    """Send the browser on after a change, so that a reload repeats nothing."""
    return Response(status_code=303, headers={"location": path})


def _reader(request: Request) -> Mapping[str, Any]:
    signed = getattr(request.state, "signed", None)
    return {
        "me": signed,
        "csrf": getattr(request.state, "csrf", ""),
        "nav": navigation.links(signed, request.url.path),
        "path": request.url.path,
    }
