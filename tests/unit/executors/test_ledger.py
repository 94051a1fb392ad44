"""What is published when, and when once more: a broker that loses everything only delays."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from slipstream.executors.celery.message import Envelope
from slipstream.executors.ledger import FIRST_LOOK_S, LONGEST_LOOK_S, Ledger


def message(id: str, *, level: int = 1, queue: str = "q") -> Envelope:
    return Envelope(id=id, queue=queue, level=level, body="", headers={})


def due(ledger: Ledger[Envelope]) -> list[str]:
    return [entry.letter.id for entry in ledger.take_due()]


def publish_all(ledger: Ledger[Envelope], now: float) -> list[str]:
    entries = ledger.take_due()
    for entry in entries:
        ledger.published(entry, now)
    return [entry.letter.id for entry in entries]


def look(ledger: Ledger[Envelope], now: float, n_waiting: int) -> int:
    return sum(
        ledger.looked(entries, now, n_waiting=n_waiting)
        for entries in ledger.suspects(now).values()
    )


def test_the_most_urgent_go_first_and_equals_in_their_order() -> None:
    ledger = Ledger()
    for n, level in enumerate((1, 9, 1, 9)):
        ledger.add(message(str(n), level=level), 0.0)
    assert due(ledger) == ["1", "3", "0", "2"]


def test_what_is_added_twice_is_published_once() -> None:
    ledger = Ledger()
    ledger.add(message("a"), 0.0)
    publish_all(ledger, 0.0)
    ledger.add(message("a"), 1.0)
    assert due(ledger) == []


def test_what_has_not_begun_goes_out_again_when_its_queue_is_empty_with_growing_pauses() -> None:
    ledger: Ledger[Envelope] = Ledger()
    now, pauses = 0.0, []
    ledger.add(message("a"), now)
    publish_all(ledger, now)
    for _ in range(6):
        before, now = now, ledger.next_look_at()
        pauses.append(now - before)
        assert look(ledger, now, n_waiting=0) == 1
        assert publish_all(ledger, now) == ["a"]
    assert pauses == [FIRST_LOOK_S, 20.0, 40.0, 80.0, LONGEST_LOOK_S, LONGEST_LOOK_S]


def test_what_waits_in_its_queue_is_left_there() -> None:
    ledger = Ledger()
    ledger.add(message("a"), 0.0)
    publish_all(ledger, 0.0)
    assert look(ledger, FIRST_LOOK_S, n_waiting=3) == 0
    assert due(ledger) == []
    assert ledger.next_look_at() > FIRST_LOOK_S


def test_what_was_overtaken_in_its_lane_goes_out_again_though_others_wait() -> None:
    ledger = Ledger()
    for id in ("lost", "next", "elsewhere"):
        ledger.add(message(id, level=2 if id == "elsewhere" else 1), 0.0)
    publish_all(ledger, 0.0)
    ledger.forget(["elsewhere"], begun=True)
    assert look(ledger, FIRST_LOOK_S, n_waiting=3) == 0, "another level may well be quicker"
    ledger.forget(["next"], begun=True)
    assert look(ledger, 100.0, n_waiting=3) == 1
    assert due(ledger) == ["lost"]


def test_what_was_published_just_before_the_connection_broke_goes_out_again() -> None:
    ledger = Ledger()
    ledger.add(message("old"), 0.0)
    publish_all(ledger, 0.0)
    ledger.add(message("new"), 60.0)
    publish_all(ledger, 60.0)
    ledger.connection_broke(61.0)
    assert due(ledger) == ["new"]


def test_what_a_scheduler_before_has_published_is_only_looked_after() -> None:
    ledger = Ledger()
    ledger.add(message("a"), 0.0, was_published=True)
    assert due(ledger) == []
    assert look(ledger, FIRST_LOOK_S, n_waiting=0) == 1


def test_what_nobody_could_begin_any_more_is_forgotten() -> None:
    ledger = Ledger(lifetime_s=3600.0)
    ledger.add(message("a"), 0.0)
    publish_all(ledger, 0.0)
    assert look(ledger, 3601.0, n_waiting=0) == 0
    assert "a" not in ledger


def test_what_is_said_to_be_lost_goes_out_at_once_and_later_each_time_after_that() -> None:
    ledger: Ledger[Envelope] = Ledger()
    ledger.add(message("a"), 0.0)
    publish_all(ledger, 0.0)
    ledger.lost("a", 1.0)
    ledger.lost("a", 1.0)
    assert publish_all(ledger, 1.0) == ["a"], "at once, the first time"
    pauses, now = [], 1.0
    for _ in range(3):
        ledger.lost("a", now)
        assert due(ledger) == []
        pauses.append(ledger.next_look_at() - now)
        now = ledger.next_look_at()
        assert look(ledger, now, n_waiting=0) == 1
        assert publish_all(ledger, now) == ["a"]
    assert pauses == [0.5, 1.0, 2.0]
    ledger.forget(["a"])
    ledger.lost("a", now)
    assert due(ledger) == []


@given(st.lists(st.sampled_from(["add", "publish", "lose", "say", "begin", "break"]), max_size=60))
def test_nothing_is_ever_forgotten_that_has_not_begun(steps: list[str]) -> None:
    """Whatever happens: each attempt is due, or a look at it is."""
    ledger, now, n = Ledger(), 0.0, 0
    open_: list[str] = []
    for step in steps:
        now += 1.0
        match step:
            case "add":
                n += 1
                open_.append(str(n))
                ledger.add(message(str(n)), now)
            case "publish":
                publish_all(ledger, now)
            case "lose":
                now = max(now, min(ledger.next_look_at(), now + 1000.0))
                look(ledger, now, n_waiting=0)
            case "say":
                for id in open_[:1]:
                    ledger.lost(id, now)
            case "begin":
                ledger.forget(open_[:1], begun=True)
                del open_[:1]
            case "break":
                ledger.connection_broke(now)
        assert len(ledger) == len(open_)
    for _ in range(2):
        now = max(now, min(ledger.next_look_at(), now + LONGEST_LOOK_S))
        now += LONGEST_LOOK_S
        look(ledger, now, n_waiting=0)
    assert sorted(due(ledger)) == sorted(open_)
