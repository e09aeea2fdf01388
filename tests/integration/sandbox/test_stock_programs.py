"""What an ordinary program may expect still works under the run spec and its system-call filter."""

from contextlib import contextmanager

import pytest

from sandbox.gateway import grant as grants
from sandbox.spec import Exact
from tests.integration.gateway import gateway_process
from tests.integration.gateway.scripted_vendor import ScriptedVendor
from tests.integration.sandbox.conftest import OWNER
from tests.support import inside

# On a bare machine two flavours are fetched and compiled first, one after the other.
pytestmark = [pytest.mark.docker, pytest.mark.timeout(1500)]


def _order(base_url, place, **changes):
    """What a session would tell its gateway."""
    return grants.Order(
        grant=gateway_process.make_grant(base_url, **changes),
        credentials={"target": gateway_process.SECRET},
        socket=str(place.socket),
        uid=place.ids.peer,
        owner=place.ids.owner,
        group=place.ids.group,
        caps=gateway_process.QUICK,
    )


@contextmanager
def _behind_a_gateway(runtime, image, program, **changes):
    """Run a program to its end with the real gateway between it and a vendor: vendor, receipt."""
    vendor = ScriptedVendor()
    gateway = None
    try:
        with inside.prepared(runtime, image, OWNER, program) as place:
            gateway = gateway_process.start(_order(vendor.base_url, place, **changes), {})
            gateway.wait_for("listening")
            assert inside.carry_out(runtime, place) == 0
            receipt = gateway.stop()
        yield vendor, receipt
    finally:
        vendor.stop()
        if gateway is not None:
            gateway_process.end(gateway)


@pytest.fixture
def work(runtime, inspect_image):
    """Run a program in the image with the SDKs; what it said."""

    def run(program, **changes):
        done = inside.run(runtime, inspect_image, OWNER, program, **changes)
        assert done.exit_code == 0
        return done

    return run


def test_the_openai_sdk_sync_async_and_streaming(work):
    done = work("""
import asyncio, openai
QUESTION = {"model": "target", "messages": [{"role": "user", "content": "2+2?"}]}
plain = openai.OpenAI().chat.completions.create(**QUESTION)
streamed = openai.OpenAI().chat.completions.create(**QUESTION, stream=True)
streamed = "".join(part.choices[0].delta.content or "" for part in streamed)
async def several():
    async with openai.AsyncOpenAI() as client:
        replies = await asyncio.gather(
            *(client.chat.completions.create(**QUESTION) for _ in range(8))
        )
        stream = await client.chat.completions.create(**QUESTION, stream=True)
        letters = [part.choices[0].delta.content or "" async for part in stream]
    return [reply.choices[0].message.content for reply in replies], letters
at_once, letters = asyncio.run(several())
say(plain=plain.choices[0].message.content, streamed=streamed, at_once=at_once, letters=letters)
""")
    assert done.said["plain"] == done.said["streamed"] == "four"
    assert done.said["at_once"] == ["four"] * 8
    assert done.said["letters"][:4] == list("four")
    assert [path for path, _ in done.asked] == ["/v1/chat/completions"] * 11


def test_the_anthropic_sdk_sync_async_and_streaming(work):
    done = work("""
import asyncio, anthropic
QUESTION = {
    "model": "target", "max_tokens": 16, "messages": [{"role": "user", "content": "2+2?"}]
}
plain = anthropic.Anthropic().messages.create(**QUESTION)
with anthropic.Anthropic().messages.stream(**QUESTION) as stream:
    streamed = "".join(stream.text_stream)
async def several():
    async with anthropic.AsyncAnthropic() as client:
        replies = await asyncio.gather(*(client.messages.create(**QUESTION) for _ in range(8)))
        async with client.messages.stream(**QUESTION) as stream:
            letters = [text async for text in stream.text_stream]
    return [reply.content[0].text for reply in replies], letters
at_once, letters = asyncio.run(several())
say(plain=plain.content[0].text, streamed=streamed, at_once=at_once, letters=letters)
""")
    assert done.said["plain"] == done.said["streamed"] == "four"
    assert done.said["at_once"] == ["four"] * 8
    assert done.said["letters"] == list("four")
    assert [path for path, _ in done.asked] == ["/v1/messages"] * 11


def test_the_openai_sdk_through_the_real_gateway(runtime, inspect_image):
    program = """
import asyncio, openai
QUESTION = {"model": "target", "messages": [{"role": "user", "content": "2+2?"}]}
async def main():
    async with openai.AsyncOpenAI() as client:
        reply = await client.chat.completions.create(**QUESTION)
        stream = await client.chat.completions.create(**QUESTION, stream=True)
        letters = [p.choices[0].delta.content or "" async for p in stream if p.choices]
    assert reply.choices[0].message.content == "".join(letters) == "four"
asyncio.run(main())
"""
    with _behind_a_gateway(runtime, inspect_image, program) as (vendor, receipt):
        assert [one.body["model"] for one in vendor.seen] == ["vendor-model-1"] * 2
        assert [one.body["temperature"] for one in vendor.seen] == [0, 0]
        # What the SDK sends for a key goes nowhere.
        keys = {one.headers["authorization"] for one in vendor.seen}
        assert keys == {f"Bearer {gateway_process.SECRET}"}
        assert receipt["replies"] == 2


def test_a_task_of_inspect(runtime, inspect_image):
    program = """
from inspect_ai import Task, eval, task
from inspect_ai.dataset import Sample
from inspect_ai.scorer import includes
from inspect_ai.solver import generate, system_message

@task
def sums():
    return Task(
        dataset=[Sample(input="2+2?", target="four"), Sample(input="2+3?", target="five")],
        solver=[system_message("In a word."), generate()],
        scorer=includes(),
    )

(log,) = eval(sums(), model="openai/target", model_args={"responses_api": False}, display="none")
assert log.status == "success"
assert log.results.scores[0].metrics["accuracy"].value == 0.5
"""
    with _behind_a_gateway(runtime, inspect_image, program) as (vendor, receipt):
        asked = sorted(one.body["messages"][1]["content"] for one in vendor.seen)
        assert asked == ["2+2?", "2+3?"]
        assert receipt["replies"] == 2


def test_a_task_of_the_lm_evaluation_harness(runtime, lm_eval_image):
    program = """
from lm_eval import simple_evaluate
from lm_eval.tasks import TaskManager

with open("sums.jsonl", "w") as rows:
    for question, answer in (("2+2?", "four"), ("2+3?", "five")):
        rows.write(json.dumps({"question": question, "answer": answer}) + chr(10))
task = {
    "task": "sums",
    "dataset_path": "json",
    "dataset_kwargs": {"data_files": {"test": "sums.jsonl"}},
    "test_split": "test",
    "output_type": "generate_until",
    "doc_to_text": "{{question}}",
    "doc_to_target": "{{answer}}",
    "generation_kwargs": {"until": [";"], "max_gen_toks": 16},
    "metric_list": [{"metric": "exact_match"}],
}
done = simple_evaluate(
    model="local-chat-completions",
    model_args={
        "model": "target",
        "base_url": os.environ["OPENAI_BASE_URL"] + "/chat/completions",
        "num_concurrent": 2,
        "tokenizer_backend": None,
    },
    tasks=[task],
    apply_chat_template=True,
    # Reading the list of all its own tasks takes longer than everything else here.
    task_manager=TaskManager(include_defaults=False),
)
assert done["results"]["sums"]["exact_match,none"] == 0.5
"""
    # It always says these three; a protocol has to agree on them.
    agreed = {
        "temperature": Exact("0"),
        "max_tokens": Exact(16),
        "seed": Exact(1234),
        "stop": Exact((";",)),
    }
    with _behind_a_gateway(runtime, lm_eval_image, program, parameters=agreed) as (vendor, receipt):
        asked = sorted(one.body["messages"][0]["content"] for one in vendor.seen)
        assert asked == ["2+2?", "2+3?"]
        assert receipt["replies"] == 2


def test_sqlite_on_disk_and_in_memory(work):
    done = work("""
import sqlite3
found = []
for place in (":memory:", "/tmp/some.db", "in-the-working-folder.db"):
    base = sqlite3.connect(place)
    found.append(base.execute("pragma journal_mode=wal").fetchone()[0])
    base.execute("create table t (n integer)")
    with base:
        base.executemany("insert into t values (?)", [(n,) for n in range(1000)])
    found.append(base.execute("select sum(n) from t").fetchone()[0])
    base.close()
say(found=found)
""")
    assert done.said["found"] == ["memory", 499_500, "wal", 499_500, "wal", 499_500]


def test_multiprocessing(work):
    done = work("""
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
def square(n): return n * n
def put(queue, lock):
    with lock:
        queue.put(os.getpid())
found = {}
for method in ("fork", "spawn", "forkserver"):
    # Spawned children look for functions in a module of the program's.
    context = multiprocessing.get_context(method)
    with context.Pool(2) as pool:
        found[method] = pool.map(abs, range(-5, 0))
context = multiprocessing.get_context("fork")
queue, lock = context.Queue(), context.Lock()
children = [context.Process(target=put, args=(queue, lock)) for _ in range(3)]
for child in children: child.start()
pids = {queue.get(timeout=20) for _ in children}
for child in children: child.join()
with ProcessPoolExecutor(2) as pool:
    found["executor"] = list(pool.map(abs, [-1, -2]))
shared = context.Array("i", 4)
say(**found, children=len(pids - {os.getpid()}), shared=list(shared))
""")
    assert done.said["fork"] == done.said["spawn"] == done.said["forkserver"] == [5, 4, 3, 2, 1]
    assert done.said["executor"] == [1, 2]
    assert done.said["children"] == 3
    assert done.said["shared"] == [0, 0, 0, 0]


def test_an_interpreter_of_the_image_as_a_subprocess(work):
    done = work("""
import asyncio, subprocess
code = "import sys; print(sum(map(int, sys.stdin.read().split())))"
plain = subprocess.run([sys.executable, "-c", code], input="1 2 3", text=True, capture_output=True)
shell = subprocess.run("echo $((6*7)) | cat", shell=True, text=True, capture_output=True)
async def child():
    made = await asyncio.create_subprocess_exec(sys.executable, "-c", "print(7)", stdout=-1)
    return (await made.communicate())[0].decode().strip()
say(plain=plain.stdout.strip(), shell=shell.stdout.strip(), later=asyncio.run(child()))
""")
    assert done.said == {"plain": "6", "shell": "42", "later": "7"}


def test_numpy(work):
    done = work("""
import numpy
draws = numpy.random.default_rng(7).normal(size=(200, 200))
inverse = numpy.linalg.inv(draws)
say(
    close=bool(numpy.allclose(draws @ inverse, numpy.eye(200), atol=1e-6)),
    fft=float(abs(numpy.fft.fft(numpy.ones(8))[0])),
)
""")
    assert done.said == {"close": True, "fft": 8.0}
