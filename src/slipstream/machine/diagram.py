"""The state machine in Markdown, drawn from the transition table: ``docs/state-machine.md``."""

from __future__ import annotations

from collections.abc import Iterable

from slipstream.machine.table import SETTLED, TRANSITIONS, USER_MOVES
from slipstream.state import TERMINAL_STATES, TaskInstanceState

State = TaskInstanceState | None

_HEAD = """\
# The state machine of a task instance

This page is generated from the table in `slipstream.machine.table`; a test compares the two. To
write it anew: `python -m tests.unit.machine.test_diagram`.

A task instance starts without a state (`none`). Only an event or another instance's move changes
it; the left column of the tables below names the event's class. Messages about an attempt that is
not the current one, and messages that come late or twice, are refused and change nothing. Any
other pair of state and event is a bug and raises `InvalidTransition`.
"""


def render() -> str:
    """Return the whole page."""
    return "\n".join([_HEAD, *_diagram(), "", *_tables()]) + "\n"


def _name(state: State) -> str:
    return "none" if state is None else state.value


def _edges() -> Iterable[tuple[State, State, str]]:
    for row in TRANSITIONS:
        for state in row.states:
            for to in row.to:
                yield state, to, row.event.__name__
    for states, to, _ in SETTLED:
        for state in states:
            yield state, to, "rule"


def _diagram() -> list[str]:
    labels: dict[tuple[State, State], list[str]] = {}
    for state, to, label in _edges():
        found = labels.setdefault((state, to), [])
        if label not in found:
            found.append(label)
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> none"]
    lines += [
        f"    {_name(state)} --> {_name(to)}: {', '.join(found)}"
        for (state, to), found in labels.items()
    ]
    reached = {to for _, to in labels}
    lines += [f"    {s.value} --> [*]" for s in TaskInstanceState if s in TERMINAL_STATES & reached]
    return [*lines, "```"]


def _tables() -> list[str]:
    lines = [
        "## Events about one task instance",
        "",
        "| event | from | to | when |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {row.event.__name__} | {_list(row.states)} | {_list(row.to)} | {row.note} |"
        for row in TRANSITIONS
    ]
    lines += ["", "## Moves that follow from others", "", "| from | to | why |", "|---|---|---|"]
    lines += [f"| {_list(states)} | {_name(to)} | {why} |" for states, to, why in SETTLED]
    lines += ["", "## What people and the run do", "", "| event | from | to |", "|---|---|---|"]
    lines += [f"| {event} | {frm} | {to} |" for event, frm, to in USER_MOVES]
    return lines


def _list(states: Iterable[State]) -> str:
    return ", ".join(map(_name, states))
