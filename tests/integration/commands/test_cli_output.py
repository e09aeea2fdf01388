"""What commands print stays text, whoever wrote it."""

import json

import pytest

from harness.cli import output


@pytest.mark.parametrize("text", ["\x1b[2Jgone", "\x9b31m", "a\rb", "a\u202eb", "a\x00b"])
def test_other_peoples_words_do_not_steer_the_terminal(assay, text, capsys):
    output.say(f"title {text}")
    output.table(("title",), [(text,)])
    output.note(text)
    output.problem("code", text)
    seen = capsys.readouterr()
    assert not set(seen.out + seen.err) & set("\x1b\x9b\r\u202e\x00")
    assert "title" in seen.out


def test_square_brackets_and_colons_are_text(assay, capsys):
    output.say("[bold]x[/bold] :warning: [/]")
    output.table(("[a]",), [("[red]:x:[/red]",)])
    seen = capsys.readouterr().out
    assert "[bold]x[/bold] :warning: [/]" in seen
    assert "[red]:x:[/red]" in seen


def test_a_digest_stays_in_one_piece_off_a_terminal(assay, capsys):
    digest = "sha256:" + "0123456789abcdef" * 4
    output.table(("a", "b", "c"), [(digest, digest, digest)])
    assert capsys.readouterr().out.count(digest) == 3


def test_progress_off_a_terminal_is_a_line_now_and_then(capsys):
    with output.progress() as show:
        for number in range(100):
            show(f"running: {number} of 100 samples", number, 100)
    assert capsys.readouterr().err == "==> running: 0 of 100 samples\n"


def test_times_are_in_utc():
    assert output.moment(0) == "1970-01-01 00:00:00 UTC"
    assert output.moment(None) == "-"


def test_a_value_for_programs_is_one_json_value(capsys):
    output.data({"share": "≥ 99 %", "count": 10**30})
    assert json.loads(capsys.readouterr().out) == {"share": "≥ 99 %", "count": 10**30}
