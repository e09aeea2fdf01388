"""Forms: what was typed, kept; what is wrong, beside its field."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Annotated, Final

from fastapi import Depends, Request
from starlette.datastructures import UploadFile

from harness.errors import InvalidInput
from web.auth import Visitor, check_form
from web.errors import pointer, split_problem

_MOST_FIELDS: Final = 200
_MOST_FILES: Final = 4
_LONGEST: Final = 256 * 1024
_WHOLE: Final = re.compile(r"-?[0-9]{1,15}")


@dataclass(slots=True)
class Form:
    """One posted form. `errors` maps a field to its message, "" to one about no field."""

    values: dict[str, str]
    files: dict[str, UploadFile]
    errors: dict[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """A field's text without the spaces around it; empty when it was not sent."""
        return self.values.get(name, "").strip()

    def number(self, name: str, default: int) -> int:
        """A whole number. Raises InvalidInput."""
        typed = self.text(name)
        if not typed:
            return default
        if not _WHOLE.fullmatch(typed):
            raise InvalidInput(f"{name}: a whole number")
        return int(typed)

    def content(self, name: str) -> bytes:
        """An uploaded file's bytes. Raises InvalidInput when none was chosen."""
        found = self.files.get(name)
        content = b"" if found is None else found.file.read()
        if not content:
            raise InvalidInput(f"{name}: choose a file")
        return content

    def refuse(self, error: InvalidInput) -> None:
        """Put an error's problems beside their fields."""
        for text in error.problems:
            named, message = split_problem(text)
            name = pointer(named).removeprefix("/").replace("/", ".")
            before = self.errors.get(name)
            self.errors[name] = message if before is None else f"{before}; {message}"


async def read_form(request: Request) -> AsyncIterator[Form]:
    """Read a posted form, whose files last as long as the request. Another body is an empty one."""
    async with request.form(
        max_files=_MOST_FILES, max_fields=_MOST_FIELDS, max_part_size=_LONGEST
    ) as found:
        values, files = {}, {}
        for name, value in found.multi_items():
            if isinstance(value, UploadFile):
                files[name] = value
            else:
                values[name] = _storable(value)
        yield Form(values, files)


AnyForm = Annotated[Form, Depends(read_form)]


# Who asks comes first: nothing is read from somebody who is not signed in.
async def own_form(visitor: Visitor, found: AnyForm) -> Form:
    """A form that this very session was given. Raises NotSignedIn or NotAllowed."""
    check_form(visitor, found.values.get("csrf", ""))
    return found


OwnForm = Annotated[Form, Depends(own_form)]


def _storable(text: str) -> str:
    """Text without what has no bytes in UTF-8 and without NUL, which not every database keeps."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
