import pytest
from fastapi import FastAPI
from starlette.routing import Match
from starlette.testclient import TestClient

from web.branch import Branch


@pytest.fixture
def branch():
    found = Branch(prefix="/runs")

    @found.get("/{name}")
    def read(name: str) -> str:
        return name

    return found


def test_a_branch_answers_as_any_router(branch):
    app = FastAPI()
    app.include_router(branch)
    with TestClient(app) as client:
        assert client.get("/runs/a").json() == "a"
        assert client.post("/runs/a").status_code == 405
        assert [client.get(path).status_code for path in ("/runs", "/runsa", "/other/a")] == [
            404
        ] * 3


def test_a_branch_tries_no_route_for_a_foreign_path(branch):
    # Not even a scope without a method, which a route would look at, is looked into.
    assert branch.matches({"type": "http", "path": "/other/a"}) == (Match.NONE, {})
