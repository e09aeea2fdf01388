import json

import httpx
import pytest

from tests.support import replay

MODELS = {"small": {"2+2?": "A: 4"}, "large": {"2+2?": "A: four"}}
KEY = {"Authorization": "Bearer key"}


@pytest.fixture(scope="module")
def address():
    with replay.running(MODELS, "key") as address:
        yield address


def ask(address, path="/v1", prompt="2+2?", model="small", headers=KEY, **fields):
    body = {"model": model, "messages": [{"role": "user", "content": prompt}], **fields}
    return httpx.post(f"{address}{path}/chat/completions", json=body, headers=headers)


@pytest.mark.parametrize(("path", "said"), [("/v1", "A: 4"), ("/large/v1", "A: four")])
def test_a_recorded_prompt_gets_its_recording(address, path, said):
    reply = ask(address, path)
    assert reply.status_code == 200
    assert reply.json()["choices"][0]["message"]["content"] == said
    assert reply.json()["usage"]["total_tokens"] == 3


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"prompt": "2+3?"}, 422, "not_recorded"),
        ({"model": "medium"}, 404, "model_not_found"),
        ({"path": "/medium/v1"}, 404, "model_not_found"),
        ({"path": "/v2"}, 404, "not_found"),
        ({"headers": {}}, 401, "invalid_api_key"),
        ({"messages": []}, 400, "malformed"),
        ({"stream": True}, 400, "unsupported"),
    ],
)
def test_everything_else_gets_an_error_and_no_answer(address, changes, status, code):
    reply = ask(address, **changes)
    assert reply.status_code == status
    assert reply.json()["error"]["code"] == code
    assert "choices" not in json.dumps(reply.json())
