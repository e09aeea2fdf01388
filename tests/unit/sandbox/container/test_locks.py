import pytest

from evals.manifest import FLAVOURS
from sandbox.container import locks
from sandbox.container.flavours import stages

_HASH = "--hash=sha256:" + "ab" * 32
_OTHER = "--hash=sha256:" + "cd" * 32


def test_a_lock_as_tools_write_it():
    first = f"# made by a tool\nFoo.Bar==1.0 \\\n    {_HASH} \\\n    {_OTHER}\n\n"
    text = f"{first}b[x,y]==2  {_HASH}  # why\n"
    read = locks.read(text)
    assert read.problems == ()
    assert [(pin.name, pin.version) for pin in read.pins] == [("b", "2"), ("foo-bar", "1.0")]
    assert read.pins[1].hashes == {"ab" * 32, "cd" * 32}


def test_equal_pins_make_equal_text():
    one = locks.read(f"b==1 {_HASH}\na==2 {_OTHER} {_HASH}\n")
    two = locks.read(f"# words\nA==2 \\\n  {_HASH} \\\n  {_OTHER}\nb==1 {_HASH}\n")
    assert locks.text_of(one.pins) == locks.text_of(two.pins)
    assert locks.read(locks.text_of(one.pins)) == one


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f"openai {_HASH}", "lock line 1 (openai): not pinned to one version; write name==version"),
        (
            f"openai>=3 {_HASH}",
            "lock line 1 (openai): not pinned to one version; write name==version",
        ),
        (
            f"openai==3.* {_HASH}",
            "lock line 1 (openai): not pinned to one version; write name==version",
        ),
        (
            f"openai==3,<4 {_HASH}",
            "lock line 1 (openai): not pinned to one version; write name==version",
        ),
        ("openai==3", "lock line 1 (openai): no --hash=sha256:…"),
        (
            "openai==3 --hash=md5:" + "ab" * 16,
            "lock line 1 (openai): an option that is no --hash=sha256:… with 64 hexadecimal digits",
        ),
        (
            f"openai==3 {_HASH} --config-settings=x",
            "lock line 1 (openai): an option that is no --hash=sha256:… with 64 hexadecimal digits",
        ),
        (
            f"openai==3 ; python_version<'3.9' {_HASH}",
            "lock line 1 (openai): a marker; lock for Python 3.11 on Linux x86-64",
        ),
        (
            "--index-url https://evil.example/simple",
            "lock line 1: --index-url; a lock names packages and their hashes only",
        ),
        ("-r other.txt", "lock line 1: -r; a lock names packages and their hashes only"),
        ("--ev1l", "lock line 1: an option; a lock names packages and their hashes only"),
        *(
            (line, "lock line 1: an address, a path or no requirement; write name==version")
            for line in (
                f"openai @ https://evil.example/openai.whl {_HASH}",
                f"git+https://evil.example/openai {_HASH}",
                f"./openai-3-py3-none-any.whl {_HASH}",
                f"/srv/openai {_HASH}",
                f"openai-3.tar.gz {_HASH}",
                "$(evil)",
            )
        ),
    ],
)
def test_each_reason_names_its_line(line, said):
    assert said in locks.read(line).problems
    # The rest of the lock is read all the same.
    assert "other" in {pin.name for pin in locks.read(f"other==1 {_HASH}\n{line}\n").pins}


def test_every_reason_is_named_at_once():
    text = f"""\
--extra-index-url https://evil.example
a>=1
b @ file:///b.whl
c==1 {_HASH}
C==2 {_HASH}
"""
    assert locks.read(text).problems == (
        "lock line 1: --extra-index-url; a lock names packages and their hashes only",
        "lock line 2 (a): not pinned to one version; write name==version",
        "lock line 2 (a): no --hash=sha256:…",
        "lock line 3: an address, a path or no requirement; write name==version",
        "lock line 5 (c): named a second time",
    )


def test_nothing_and_too_much():
    assert locks.read("# nothing\n").problems == ("lock: names no package",)
    many = "".join(f"p{number}==1 {_HASH}\n" for number in range(1001))
    assert locks.read(many).problems == ("lock: more than 1000 packages",)
    assert locks.read("#" * 3_000_000).problems == ("lock: longer than 2097152 characters",)


def test_words_of_a_lock_are_not_repeated():
    text = f"evil://canary\ncanary==x$y {_HASH}\n--canary\nopenai==canary! \\\n"
    said = " ".join(locks.read(text).problems)
    assert "evil" not in said
    assert "x$y" not in said
    assert "--canary" not in said


def test_our_own_locks_pin_one_wheel_each():
    for flavour in FLAVOURS:
        for stage in stages(flavour):
            assert len(stage.pins) > 50
            assert {len(pin.hashes) for pin in stage.pins} == {1}
            names = {pin.name for pin in stage.pins}
            assert "numpy" in names
            assert "torch" not in names
            assert {"lm-eval": "lm-eval", "inspect": "inspect-ai"}[flavour] in names
