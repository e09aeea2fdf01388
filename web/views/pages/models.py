"""Models: what vendors offer, one model, and registering one."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

from fastapi import Request, Response

from harness.errors import Conflict, InvalidInput, NotFound
from harness.services.access import Thing, can, check
from harness.services.parties import catalog, registry
from harness.services.publication import agreements
from web.auth import Visitor
from web.branch import Branch
from web.dependencies import AtDesk
from web.forms import Form, OwnForm
from web.rendering import render, see_other
from web.views.api.shapes import to_text
from web.views.pages.lists import Asked

router = Branch(prefix="/models")

MODEL: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")
_MICRO: Final = 1_000_000
_HIGHEST: Final = 2**31 - 1
_SHOWN: Final = 20
_LABELS: Final = {
    "name": "Public name",
    "snapshot": "Snapshot",
    "base_url": "Base URL",
    "upstream": "Your identifier",
    "credential": "Credential",
    "price_in": "Price of prompts",
    "price_out": "Price of replies",
}


@router.get("")
def list_models(request: Request, at: AtDesk, visitor: Visitor, asked: Asked) -> Response:
    """The models on offer, by name."""
    actor = visitor.actor
    with at.platform.database.read() as session:
        found = catalog.models(session, actor, asked)
    return render(
        request,
        "models.html",
        rows=found.rows,
        older=to_text(found.next),
        first=asked.after is None,
        may_add=can(actor, "add", Thing("model", vendor=actor.organisation)),
    )


@router.get("/new")
def new_model(request: Request, visitor: Visitor) -> Response:
    """The form for a new model."""
    _check(visitor)
    return _form(request, None)


@router.post("")
def add_model(request: Request, at: AtDesk, visitor: Visitor, form: OwnForm) -> Response:
    """Register a model. Its credential is never given back, not even to a form with an error."""
    _check(visitor)
    typed = {name: form.text(name) for name in _LABELS}
    try:
        prices = _prices(typed)
        with at.platform.database.write() as session:
            row = registry.add_model(
                session,
                at.platform,
                visitor.actor,
                typed["name"],
                typed["base_url"],
                typed["upstream"],
                typed["snapshot"],
                typed["credential"],
                *prices,
            )
    except InvalidInput as error:
        form.refuse(error)
        return _form(request, form)
    except Conflict as error:
        form.errors["name"] = str(error)
        return _form(request, form)
    at.settle()
    return see_other(f"/models/{row.name}")


@router.get("/{name}")
def read_model(request: Request, at: AtDesk, visitor: Visitor, name: str) -> Response:
    """One model, and the agreements over it that the reader may see."""
    if not MODEL.fullmatch(name):
        raise NotFound("no model of that name")
    actor = visitor.actor
    with at.platform.database.read() as session:
        found = catalog.model(session, actor, name)
        about = {"model": found.name}
        over = agreements.over(session, at.platform, actor, about, _SHOWN)
    return render(
        request,
        "model.html",
        model=found,
        protocols=over,
        may_propose=can(actor, "propose", Thing("protocol", auditor=actor.organisation)),
    )


def _check(visitor: Visitor) -> None:
    check(visitor.actor, "add", Thing("model", vendor=visitor.actor.organisation))


def _form(request: Request, form: Form | None) -> Response:
    if form is not None:
        form.values.pop("credential", None)
    return render(request, "model_new.html", 422 if form else 200, form=form, labels=_LABELS)


def _prices(typed: Mapping[str, str]) -> tuple[int, int]:
    """Both prices in micro-USD per million tokens. Raises InvalidInput."""
    found = {name: _microusd(typed[name]) for name in ("price_in", "price_out")}
    problems = [
        f"{name}: an amount in US dollars such as 0.15, at most {_HIGHEST // _MICRO}"
        for name, amount in found.items()
        if amount is None
    ]
    if problems:
        raise InvalidInput(problems)
    return found["price_in"] or 0, found["price_out"] or 0


def _microusd(text: str) -> int | None:
    try:
        amount = Decimal(text or "0") * _MICRO
    except InvalidOperation:
        return None
    whole = amount.is_finite() and 0 <= amount <= _HIGHEST and amount == int(amount)
    return int(amount) if whole else None
