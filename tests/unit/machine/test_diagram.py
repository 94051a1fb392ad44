"""The page that people read says what the table does."""

from __future__ import annotations

from pathlib import Path

from slipstream.machine.diagram import render
from slipstream.machine.event import Admitted
from slipstream.machine.table import ANY, TI_HANDLERS, TRANSITIONS

PAGE = Path(__file__).parents[3] / "docs" / "state-machine.md"


def test_the_page_is_the_tables() -> None:
    assert PAGE.read_text() == render(), "write it anew: python -m tests.unit.machine.test_diagram"


def test_every_message_has_an_answer_in_every_state_but_admission() -> None:
    for event, by_state in TI_HANDLERS.items():
        if event is not Admitted:
            assert set(by_state) == set(ANY)
    assert {row.event for row in TRANSITIONS} == set(TI_HANDLERS)


if __name__ == "__main__":
    PAGE.write_text(render())
