"""A run is taken into memory as its rows are, however many of them have not been touched."""

from __future__ import annotations

from typing import Any

import pytest
from tests.store.build import NOW, changing, create_run, later

from slipstream.machine.event import TIKey
from slipstream.store import Store, decision, machine_row, task_instance
from slipstream.store.row import MachineRow

TOUCHES: dict[str, Any] = {
    "state": "removed",
    "try_number": 1,
    "attempt_id": "0190b2f8-0000-7000-8000-000000000001",
    "scheduled_at": later(1),
    "queued_at": later(1),
    "start_date": later(1),
    "end_date": later(1),
    "retry_at": later(1),
    "reschedule_count": 2,
    "map_length": 0,
    "skips": [],
    "deferral": {},
    "hostname": "",
    "pid": 0,
}


def test_every_column_that_the_machine_reads_can_touch() -> None:
    assert set(TOUCHES) == set(MachineRow._fields) - {"task_id", "map_index", "max_tries"}


@pytest.mark.parametrize("is_new", [True, False])
def test_all_rows_come_as_they_are(store: Store, is_new: bool) -> None:
    row, other = create_run(store), create_run(store, run_id="other")
    mapped = [TIKey("mapped", index) for index in range(40) if index not in (0, 7, 8)]
    made = changing(["plain", *mapped], is_new=True, max_tries=2)
    made.changes |= changing([TIKey("mapped", 0)], is_new=True, max_tries=5).changes
    made.changes |= changing([TIKey("mapped", i) for i in (7, 8)], is_new=True).changes
    made.changes |= changing(["Mapped", "käse"], is_new=True, max_tries=2).changes
    begun = [
        (row.id, changing([TIKey("mapped", 10 + 2 * n)], **{name: value}))
        for n, (name, value) in enumerate(TOUCHES.items())
    ]
    elsewhere = (other.id, changing(["plain"], is_new=True))
    store.write(decision.save, [(row.id, made), elsewhere, *begun], [], NOW)
    with store.read() as conn:
        found = machine_row.load(conn, row.id, is_new=is_new)
        whole = task_instance.load_run(conn, row.id)
    assert len(found) == 43
    wanted = {tuple(getattr(ti, name) for name in MachineRow._fields[:3]): ti for ti in whole}
    for ti in found:
        stored = wanted.pop(ti[:3])
        assert ti == MachineRow(*(getattr(stored, name) for name in MachineRow._fields))
    assert not wanted
