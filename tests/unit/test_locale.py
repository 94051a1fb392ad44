"""The pages have every sentence of the engine's, in each of their languages."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slipstream.api.present import story
from slipstream.machine.reason import WORDS
from slipstream.store.live.story import EventSeen

ROOT = Path(__file__).parents[2]
LANGUAGES = sorted(path.name for path in (ROOT / "ui/src/locale").iterdir())
SENTENCES = {
    "reason": WORDS,
    "event": story.EVENTS,
    "detail": {**story.DETAILS, story.TEXT: "{text}"},
}
TELLING = {"tell", "tell_run", "stop", "clear_one", "reopen", "end_run", "StoryEvent", "_by"}


def names(text: str, form: str) -> list[str]:
    return sorted(re.findall(form, text))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", SENTENCES)
def test_each_code_has_a_message_that_names_the_same(language: str, kind: str) -> None:
    path = ROOT / "ui/src/locale" / language / "run.json"
    messages: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))[kind]
    assert messages.keys() == SENTENCES[kind].keys()
    for code, words in SENTENCES[kind].items():
        assert names(messages[code], r"{{(\w+)}}") == names(words, r"{(\w+)(?:!r)?}"), code


def calls() -> Iterator[ast.Call]:
    for path in (ROOT / "src/slipstream/machine").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _name(node.func) in TELLING:
                yield node


def _name(func: ast.expr) -> str:
    return func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")


def texts(node: ast.expr) -> Iterator[str]:
    """Yield the texts in an expression; a value put into one is an x."""
    if isinstance(node, ast.JoinedStr):
        yield "".join(str(getattr(each, "value", "x")) for each in _parts(node))
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            yield node.value
    else:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr) and not isinstance(node, ast.Call):
                yield from texts(child)


def _parts(node: ast.JoinedStr) -> Iterator[ast.Constant]:
    for each in node.values:
        yield each if isinstance(each, ast.Constant) else ast.Constant("x")


def seen(**values: Any) -> EventSeen:
    nothing = dict.fromkeys(EventSeen._fields)
    return EventSeen(**{**nothing, "kind": "trigger_rule", **values})


def test_what_the_machine_tells_is_known() -> None:
    told = {text for call in calls() for arg in call.args for text in texts(arg)}
    told -= {text for text in told if text.startswith("its task instance was ")}  # to workers
    assert "expanded into x instances" in told
    strange = {
        text
        for text in told - story.EVENTS.keys() - {"success"}
        if story.present(seen(detail=text))["detail"]["code"] == story.TEXT
    }
    assert strange == set()


@pytest.mark.parametrize(
    ("detail", "code", "params"),
    [
        ("by ann", "by", {"user": "ann"}),
        ("the run was marked failed by ann", "marked_by", {"state": "failed", "user": "ann"}),
        (
            "trigger rule all_success: of 3 upstream, 1 failed, 2 skipped",
            "trigger_rule",
            {"trigger_rule": "all_success", "total": "3", "counts": "1 failed, 2 skipped"},
        ),
    ],
)
def test_a_detail_says_what_stands_in_it(detail: str, code: str, params: dict[str, str]) -> None:
    found = story.present(seen(detail=detail, to_state="skipped"))
    assert found["detail"] == {"code": code, "params": params, "text": detail}
    assert found["words"].startswith("Its trigger rule decided: skipped. ")


def test_an_errors_text_stays_as_it_is() -> None:
    found = story.present(seen(kind="finished", detail="by design", to_state="failed"))
    assert found["detail"] == {"code": "text", "params": {"text": "by design"}, "text": "by design"}
    assert found["words"] == "Its process ended: failed. By design."


def test_a_runs_end_is_told_in_words() -> None:
    found = story.present(seen(kind="run_ended", detail="task_failure", to_state="failed"))
    assert found["words"] == "The run ended: failed. A task failed."
