"""What the page's head offers to each reader."""

from typing import Final, NamedTuple

from harness.services.parties.sessions import SignedIn


class Link(NamedTuple):
    """One entry; `current` marks the section that the reader is in."""

    label: str
    href: str
    current: bool


_PUBLIC: Final = (("Public log", "/log"),)
_SECTIONS: Final = {
    "auditor": (
        ("Suites", "/suites"),
        ("Protocols", "/protocols"),
        ("Runs", "/runs"),
        ("Reports", "/reports"),
        ("Models", "/models"),
    ),
    "vendor": (
        ("Protocols", "/protocols"),
        ("Runs", "/runs"),
        ("Reports", "/reports"),
        ("Models", "/models"),
    ),
    "regulator": (
        ("Protocols", "/protocols"),
        ("Runs", "/runs"),
        ("Reports", "/reports"),
        ("Models", "/models"),
        ("Organisations", "/organisations"),
    ),
    "operator": (
        ("Protocols", "/protocols"),
        ("Runs", "/runs"),
        ("Reports", "/reports"),
        ("Suites", "/suites"),
        ("Models", "/models"),
        ("Organisations", "/organisations"),
        ("People", "/people"),
        ("Health", "/operator/health"),
    ),
}


def links(signed: SignedIn | None, path: str) -> list[Link]:
    """The links for a reader on a path."""
    role = signed.actor.role if signed is not None and signed.actor is not None else ""
    return [
        Link(label, href, path == href or path.startswith(f"{href}/"))
        for label, href in (*_SECTIONS.get(role, ()), *_PUBLIC)
    ]
