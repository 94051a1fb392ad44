"""The event stream's parts by themselves: queues, filters, and the end of a stream."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from slipstream.api.protocol import CONNECTION
from slipstream.api.stream import response
from slipstream.api.stream.filter import Renderer, Wanted
from slipstream.api.stream.hub import MAX_QUEUED, Hub, Listener, TooManyListeners
from slipstream.api.stream.response import EventStream
from slipstream.store.live.watch import Changes, RunChange


def changes(n: int, **kwargs: Any) -> Changes:
    return Changes(f"{n}-0-0", **({"dags": {"d"}} | kwargs))


class TestListener:
    def test_what_is_put_comes_in_order(self) -> None:
        async def story() -> None:
            listener = Listener("0-0-0")
            listener.put(changes(1))
            listener.put(changes(2))
            assert [(await listener.next(0)), (await listener.next(0))] == [changes(1), changes(2)]
            assert await listener.next(0.01) is None
            assert listener.cursor == "2-0-0"

        asyncio.run(story())

    def test_one_that_is_too_slow_is_told_to_read_anew(self) -> None:
        async def story() -> None:
            listener = Listener("0-0-0")
            for n in range(MAX_QUEUED + 1):
                listener.put(changes(n))
            listener.put(changes(999))
            first = await listener.next(0)
            assert first is not None
            assert first.is_reset
            assert first.cursor == f"{MAX_QUEUED}-0-0"
            assert await listener.next(0) == changes(999)

        asyncio.run(story())

    def test_a_closed_one_says_nothing_more(self) -> None:
        async def story() -> None:
            listener = Listener("0-0-0")
            listener.put(changes(1))
            listener.close()
            assert await listener.next(60) is None

        asyncio.run(story())


class TestFilter:
    FOUND = Changes(
        "1-2-3",
        runs=[RunChange("a", "r1", "running", [("t", -1, None)]), RunChange("b", "r1", None, None)],
        dags={"a", "b"},
        flags={"pools"},
    )

    def told(self, wanted: Wanted, found: Changes = FOUND) -> Any:
        event = Renderer().event(found, wanted)
        if event is None:
            return None
        name, id, data, *rest = event.decode().split("\n")
        assert (name, id, rest) == ("event: changes", "id: 1-2-3", ["", ""])
        return json.loads(data.removeprefix("data: "))

    def test_only_what_the_caller_may_read_is_told(self) -> None:
        data = self.told(Wanted(frozenset({"b"})))
        assert [r["dag_id"] for r in data["runs"]] == data["dags"] == ["b"]
        assert data["pools"] is True
        assert data["variables"] is False
        nothing = Changes("1-2-3", runs=self.FOUND.runs, dags={"a"})
        assert self.told(Wanted(frozenset()), nothing) is None

    def test_only_what_was_asked_for_is_told(self) -> None:
        assert [r["dag_id"] for r in self.told(Wanted(dag_id="a"))["runs"]] == ["a"]
        assert self.told(Wanted(dag_id="a", run_id="r2"))["runs"] == []
        assert self.told(Wanted(dag_id="a", run_id="r2"))["dags"] == ["a"]

    def test_a_batch_is_rendered_once_for_all_that_want_the_same(self) -> None:
        renderer = Renderer()
        first = renderer.event(self.FOUND, Wanted())
        assert renderer.event(self.FOUND, Wanted()) is first
        assert renderer.event(self.FOUND, Wanted(dag_id="a")) != first


class Peer:
    """The other side of an ASGI call; ``is_stuck`` takes nothing."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.is_stuck = False
        self.is_aborted = False
        self.on_shutdown: Any = None
        self.gone = asyncio.Event()

    async def receive(self) -> Any:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, sent: Any) -> None:
        if self.is_stuck:
            await asyncio.Event().wait()
        self.bodies.append(sent.get("body", b""))

    def abort(self) -> None:
        self.is_aborted = True


class Rig:
    def __init__(self) -> None:
        self.hub = Hub(None)  # type: ignore[arg-type]  # nobody looks here
        self.listener = Listener("0-0-0")
        self.hub._listeners.add(self.listener)
        self.peer = Peer()
        self.allowed: Wanted | None = Wanted()

    async def recheck(self) -> Wanted | None:
        return self.allowed

    def serve(self) -> asyncio.Task[None]:
        stream = EventStream(self.hub, self.listener, Renderer(), Wanted(), self.recheck)
        scope: Any = {"type": "http", CONNECTION: self.peer}
        return asyncio.create_task(stream(scope, self.peer.receive, self.peer.send))

    async def ends(self, task: asyncio.Task[None]) -> None:
        async with asyncio.timeout(5):
            await task
        assert self.hub.n_listeners == 0


class TestEnd:
    def test_when_the_client_goes(self) -> None:
        async def story() -> None:
            rig = Rig()
            task = rig.serve()
            rig.peer.gone.set()
            await rig.ends(task)

        asyncio.run(story())

    def test_when_the_server_stops(self) -> None:
        async def story() -> None:
            rig = Rig()
            task = rig.serve()
            while len(rig.peer.bodies) < 2:
                await asyncio.sleep(0)
            rig.peer.on_shutdown()
            await rig.ends(task)
            assert not rig.peer.is_aborted

        asyncio.run(story())

    def test_when_the_session_has_ended(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(response, "KEEP_ALIVE_S", 0.02)

        async def story() -> None:
            rig = Rig()
            task = rig.serve()
            while b":\nid: 0-0-0\n\n" not in rig.peer.bodies:
                await asyncio.sleep(0.001)
            rig.allowed = None
            await rig.ends(task)

        asyncio.run(story())

    def test_at_once_when_users_changed(self) -> None:
        async def story() -> None:
            rig = Rig()
            rig.allowed = None
            task = rig.serve()
            rig.listener.put(Changes("1-0-0", flags={"users"}))
            await rig.ends(task)
            assert b"event: changes" not in b"".join(rig.peer.bodies)

        asyncio.run(story())

    def test_who_may_read_other_dags_now_reads_anew(self) -> None:
        async def story() -> None:
            rig = Rig()
            rig.allowed = Wanted(frozenset({"a"}))
            task = rig.serve()
            rig.listener.put(Changes("1-0-0", flags={"users"}))
            while not any(b"event: reset\nid: 1-0-0" in body for body in rig.peer.bodies):
                await asyncio.sleep(0.001)
            rig.peer.gone.set()
            await rig.ends(task)

        asyncio.run(story())

    def test_when_the_client_takes_nothing_any_more(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(response, "SEND_S", 0.05)

        async def story() -> None:
            rig = Rig()
            task = rig.serve()
            while len(rig.peer.bodies) < 2:
                await asyncio.sleep(0.001)
            rig.peer.is_stuck = True
            rig.listener.put(changes(1))
            await rig.ends(task)
            assert rig.peer.is_aborted

        asyncio.run(story())


def test_listeners_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        rig = Rig()
        monkeypatch.setattr("slipstream.api.stream.hub.MAX_LISTENERS", 1)
        with pytest.raises(TooManyListeners):
            await rig.hub.join()

    asyncio.run(story())
