"""Many neighbouring instances that change alike are written as one, and none other is touched."""

from __future__ import annotations

from tests.store.build import NOW, changing, create_run

from slipstream.machine.event import TIKey
from slipstream.store import Store, decision, task_instance


def test_ranges_and_single_rows_are_both_written(store: Store) -> None:
    row = create_run(store)
    keys = [TIKey("m", i) for i in range(200)] + [TIKey("n"), TIKey("o", 3)]
    store.write(decision.save, [(row.id, changing(keys, is_new=True, state=None))], [], NOW)
    decided = changing(keys[20:150], state="scheduled", scheduled_at=NOW)
    decided.changes |= changing(keys[150:], state="skipped").changes
    decided.changes[TIKey("m", 60)].values["state"] = "success"
    store.write(decision.save, [(row.id, decided)], [], NOW)
    with store.read() as conn:
        states = task_instance.states(conn, row.id)
    expected: dict[tuple[str, int], str | None] = {("m", i): None for i in range(20)}
    expected |= {("m", i): "scheduled" for i in range(20, 150)} | {("m", 60): "success"}
    expected |= {("m", i): "skipped" for i in range(150, 200)}
    assert states == expected | {("n", -1): "skipped", ("o", 3): "skipped"}
