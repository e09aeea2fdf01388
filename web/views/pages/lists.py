"""What a list's page is asked for. An address that somebody decorated still leads to the page."""

from typing import Annotated

from fastapi import Depends, Query

from harness.paging import Window
from web.views.api.shapes import to_cursor


async def window(
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=300)] = None,
) -> Window:
    """Which part of a list is asked for. Raises InvalidInput for a cursor that is not ours."""
    return Window(limit, None if cursor is None else to_cursor(cursor))


Asked = Annotated[Window, Depends(window)]
