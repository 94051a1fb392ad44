"""Tracebacks start in the user's file and stay readable."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from slipstream.dagprocessor import failure
from slipstream.dagprocessor.job import Failure
from slipstream.sdk import loader
from slipstream.sdk.key import validate_key

PATH = "/dags/mine.py"


def _run(source: str, *, tracebacks: bool = True) -> Failure:
    """Run a DAG file's text, through a frame of ours as the loader would."""
    namespace: dict[str, Any] = {}
    try:
        exec(compile(source, PATH, "exec"), namespace)
    except BaseException as e:
        return failure.of_exception(e, PATH, tracebacks=tracebacks)
    raise AssertionError("the file did not fail")


def test_frames_before_the_users_file_are_left_out() -> None:
    found = _run("def f():\n    raise ValueError('bad')\n\nf()\n")
    assert found.line == 2
    assert found.text.splitlines() == [
        "Traceback (most recent call last):",
        f'  File "{PATH}", line 4, in <module>',
        f'  File "{PATH}", line 2, in f',
        "ValueError: bad",
    ]


def test_causes_are_trimmed_as_well() -> None:
    found = _run("try:\n    1 / 0\nexcept Exception as e:\n    raise ValueError('bad') from e\n")
    assert found.line == 4
    assert "direct cause" in found.text
    assert __file__ not in found.text


def test_the_line_is_the_users_even_when_a_library_raises() -> None:
    found = _run("import json\n\njson.loads('{')\n")
    assert found.line == 3
    assert "json/decoder.py" in found.text


def test_a_syntax_error_has_no_frames(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("x = 1\ny = = 2\n")
    (error,) = loader.load_file(path).errors
    assert isinstance(error, SyntaxError)
    found = failure.of_exception(error, str(path))
    assert found.line == 2
    assert "slipstream" not in found.text
    assert "importlib" not in found.text
    assert found.text.endswith("SyntaxError: invalid syntax")


def test_without_the_users_file_the_traceback_starts_where_ours_end() -> None:
    try:
        json.loads("{")
    except ValueError as e:
        found = failure.of_exception(e, PATH)
    assert found.line is None
    assert found.text.startswith("Traceback")
    assert "json/decoder.py" in found.text


def test_an_error_that_we_found_has_only_its_message() -> None:
    try:
        validate_key("no spaces, please")
    except ValueError as e:
        found = failure.of_exception(e, PATH)
    assert found.text.count("\n") == 0
    assert found.text.startswith("ValueError: ")


def test_tracebacks_can_be_turned_off() -> None:
    assert _run("1 / 0", tracebacks=False).text == "ZeroDivisionError: division by zero"


def test_endless_recursion_is_told_briefly() -> None:
    found = _run("def f():\n    f()\nf()\n")
    assert len(found.text.splitlines()) < 100
    assert "RecursionError" in found.text


def test_a_huge_message_is_cut() -> None:
    found = _run("raise ValueError('x' * 10_000_000)")
    assert len(found.text) < 300_000
    assert "characters left out" in found.text
