"""The official SDK, unmodified, through the socket."""

import asyncio

import httpx
import openai
import pytest

from tests.integration.gateway.scripted_vendor import normal, status, stream

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:openai")
MESSAGES = [{"role": "user", "content": "2+2?"}]


def with_client(gateway, work, **options):
    async def run():
        transport = httpx.AsyncHTTPTransport(uds=gateway.socket)
        async with openai.AsyncOpenAI(
            base_url="http://gateway/v1",
            api_key="none",
            http_client=httpx.AsyncClient(transport=transport),
            **options,
        ) as client:
            return await work(client)

    return asyncio.run(run())


def test_a_whole_reply(vendor, gateway):
    async def work(client):
        reply = await client.chat.completions.create(
            model="target", messages=MESSAGES, temperature=0, max_tokens=16
        )
        return reply.choices[0].message.content, reply.usage.total_tokens

    assert with_client(gateway, work) == ("four", 10)


def test_a_streamed_reply(vendor, gateway):
    vendor.plays(stream("hello, world"))

    async def work(client):
        text, usage = "", None
        async for chunk in await client.chat.completions.create(
            model="target", messages=MESSAGES, stream=True, stream_options={"include_usage": True}
        ):
            text += "".join(choice.delta.content or "" for choice in chunk.choices)
            usage = chunk.usage or usage
        return text, usage.total_tokens

    assert with_client(gateway, work) == ("hello, world", 10)


def test_many_at_once_on_one_client(vendor, gateway):
    async def echo(wire, seen):
        await normal(seen.body["messages"][0]["content"])(wire, seen)

    vendor.default = echo

    async def one(client, number):
        reply = await client.chat.completions.create(
            model="target", messages=[{"role": "user", "content": f"n{number}"}]
        )
        return reply.choices[0].message.content

    async def work(client):
        return await asyncio.gather(*(one(client, number) for number in range(40)))

    assert with_client(gateway, work) == [f"n{number}" for number in range(40)]


def test_a_broken_stream_is_an_error(vendor, gateway):
    vendor.plays(stream("hello", cut_after=4))

    async def work(client):
        async for _ in await client.chat.completions.create(
            model="target", messages=MESSAGES, stream=True
        ):
            pass

    with pytest.raises(openai.APIError, match="endpoint failed"):
        with_client(gateway, work)


def test_models(vendor, gateway):
    async def work(client):
        return [model.id async for model in client.models.list()]

    assert with_client(gateway, work) == ["target"]


@pytest.mark.parametrize(
    ("request_", "error", "code"),
    [
        ({"model": "gpt-x"}, openai.BadRequestError, "unknown_role"),
        ({"model": "target", "seed": 1}, openai.BadRequestError, "not_agreed"),
    ],
)
def test_refusals_are_the_sdks_own_errors(vendor, gateway, request_, error, code):
    async def work(client):
        await client.chat.completions.create(messages=MESSAGES, **request_)

    with pytest.raises(error) as caught:
        with_client(gateway, work)
    assert caught.value.code == code


def test_a_failed_vendor_is_a_502(vendor, launch):
    gateway = launch(vendor.base_url, retries=0)
    gateway.ask()
    vendor.default = status("500 Internal Server Error")

    async def work(client):
        await client.chat.completions.create(model="target", messages=MESSAGES)

    with pytest.raises(openai.InternalServerError) as caught:
        with_client(gateway, work, max_retries=0)
    assert caught.value.status_code == 502
