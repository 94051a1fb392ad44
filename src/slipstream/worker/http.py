"""The task API of a host far from the database: every call is a request to the API server.

All that such a host holds is the tokens in its workloads and those that the server gave it; this
module and what it imports know no store. The server gets the host's name with the first attempt:
until then nobody needs to know of it. What its answers mean is in ``http_client``.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from slipstream.attempt import new_id
from slipstream.clock import SyncedClock
from slipstream.config import conf
from slipstream.config.host import hostname
from slipstream.task import process
from slipstream.token import expires_at
from slipstream.worker import log_ship
from slipstream.worker.http_client import ApiMisunderstood, Client
from slipstream.worker.reach import Reach
from slipstream.worker.task_api import (
    VERSION,
    ApiUnavailable,
    Batch,
    Caller,
    Committed,
    RequestRefused,
    TurnedAway,
)

log = logging.getLogger(__name__)

_READS = ("get_", "list_")


class HttpTaskAPI:
    """``TaskAPI`` over the execution API. Registers with the first attempt that it gets."""

    def __init__(
        self,
        url: str,
        clock: SyncedClock,
        *,
        executor: str,
        n_slots: int,
        log_folder: Path,
        queues: Iterable[str] = (),
    ) -> None:
        timeout_s = conf.getfloat("workers", "execution_api_timeout", fallback=5.0)
        self.client = Client(url, clock, timeout_s=timeout_s)
        self.hostname = hostname()
        self.host_id = new_id()
        """Names the host on this machine; the server has an id of its own for it."""
        self.heartbeat_s: float | None = None
        self._clock = clock
        self._facts = {
            "hostname": self.hostname,
            "pid": os.getpid(),
            "pid_started": _started(),
            "executor": executor,
            "slots": n_slots,
            "queues": list(queues),
            "version": VERSION,
        }
        self._log_folder = log_folder
        self._shares_logs = False
        self._wants_log_ends = False
        self._token: str | None = None
        self._lifetime_s = 0.0
        self._registering = threading.Lock()
        self._knows_time = False
        self._n_retries = conf.getint("workers", "execution_api_retries", fallback=5)
        self._first_wait_s = conf.getfloat("workers", "execution_api_retry_wait_min", fallback=1.0)
        self._max_wait_s = conf.getfloat("workers", "execution_api_retry_wait_max", fallback=90.0)
        try:
            self._ask_time()
        except ApiUnavailable as exc:
            log.info("the API server's time is not known yet: %s", exc)

    def _ask_time(self) -> None:
        """Learn what time it is before there is an attempt whose start would be off.

        Raises ApiUnavailable.
        """
        try:
            self.client.call("health", None, "", method="GET")
        except (TurnedAway, ApiMisunderstood) as exc:
            log.info("the API server does not tell its time: %s", exc)
        self._knows_time = True

    def _put_right(self, batch: Batch) -> None:
        """Ask for the time late, and put right what was stamped without it.

        Nothing that begins is sent before the time is known; so what is sent again has the same time.
        Raises ApiUnavailable.
        """
        if not self._knows_time:
            self._ask_time()
        for starts in (batch.starts, batch.callback_starts):
            for n, start in enumerate(starts):
                if start.is_guess:
                    at = self._clock.put_right(start.started_at)
                    starts[n] = replace(start, started_at=at, is_guess=False)

    # Batches

    def commit(self, batch: Batch, *, notify: bool = False) -> Committed:
        """Write the batch; see ``TaskAPI.commit``."""
        vouchers = _tokens(batch)
        try:
            self._put_right(batch)
        except ApiUnavailable:
            if vouchers:
                raise
        try:
            token = self._registered(vouchers)
        except TurnedAway as exc:
            return self._refused_at_the_door(batch, exc)
        if token is None:
            return Committed()  # an idle host that nobody has heard of
        answer = self.client.call("commit", self._body(batch), token)
        self._token = answer.get("host_token") or self._token
        return Committed(
            frozenset(answer["started"]),
            frozenset(answer["finished"]),
            refused=answer["refused"],
            cancel=frozenset(answer["cancel"]),
            tokens=answer["tokens"],
            is_alive=answer["is_alive"],
        )

    def _body(self, batch: Batch) -> dict[str, Any]:
        return {
            "starts": [
                {
                    "token": start.token or "",
                    "attempt_id": start.attempt_id,
                    "pid": start.pid,
                    "started_at": start.started_at.isoformat(),
                    "clears": start.clears is not None,
                }
                for start in batch.starts
            ],
            "finishes": [
                {"token": outcome.token or "", "outcome": _without_token(outcome.to_json())}
                for outcome in batch.finishes
            ],
            "callback_starts": [
                {
                    "token": start.token or "",
                    "id": start.attempt_id,
                    "started_at": start.started_at.isoformat(),
                }
                for start in batch.callback_starts
            ],
            "callbacks": [
                {"token": end.token or "", "id": end.id, "ok": end.ok, "error": end.error}
                for end in batch.callbacks
            ],
            "rendered": [{"attempt_id": id, "fields": fields} for id, fields in batch.rendered],
            "heartbeat": self._heartbeat(batch) if batch.heartbeat else None,
        }

    def _heartbeat(self, batch: Batch) -> dict[str, Any]:
        half = self._clock.now().timestamp() + self._lifetime_s / 2
        tokens = [t for t in batch.running.values() if t is not None and expires_at(t) < half]
        return {"running": list(batch.running), "renew": tokens}

    # Registration

    def _registered(self, vouchers: Iterable[str]) -> str | None:
        """Return the host's token; None when there is nobody to vouch for it yet.

        Raises TurnedAway when the server takes none of the attempts' tokens.
        """
        if self._token is not None:
            return self._token
        refused: TurnedAway | None = None
        for token in vouchers:
            try:
                return self._register(token)
            except TurnedAway as exc:
                refused = exc
        if refused is not None:
            raise refused
        return None

    def _register(self, token: str) -> str:
        with self._registering:
            if self._token is None:
                mark = log_ship.leave_mark(self._log_folder)
                try:
                    answer = self.client.call("hosts", {**self._facts, "log_mark": mark}, token)
                finally:
                    log_ship.remove_mark(self._log_folder, mark)
                self._shares_logs = bool(answer["shares_logs"])
                self._wants_log_ends = bool(answer.get("wants_log_ends"))
                self._lifetime_s = float(answer["run_token_s"])
                self.heartbeat_s = float(answer["heartbeat_s"])
                self._token = str(answer["token"])
            return self._token

    def _refused_at_the_door(self, batch: Batch, error: TurnedAway) -> Committed:
        """Say on each attempt why it cannot begin here.

        An outcome that comes with it is one that a dead host left, with a token that is no longer
        good: its attempt has long been given up.
        """
        starts = [*batch.starts, *batch.callback_starts]
        for start in starts:
            try:
                self.refuse(start.attempt_id, start.token, str(error))
            except (TurnedAway, ApiMisunderstood) as exc:
                log.error("attempt %s: nobody could be told: %s", start.attempt_id, exc)
        ids = [s.attempt_id for s in starts] + [o.attempt_id for o in batch.finishes]
        return Committed(refused=dict.fromkeys(ids, str(error)))

    def refuse(self, attempt_id: str, token: str | None, reason: str) -> None:
        """Fail an attempt that cannot be started; see ``TaskAPI.refuse``."""
        # What never started has no host's name anywhere else.
        told = f"{reason} It was a worker on {self.hostname}."
        # Of every version there is, this message is at its first path.
        self.client.call("refused", {"reason": told}, token or "", version=1)

    # Requests

    def request(self, caller: Caller, method: str, params: dict[str, Any]) -> Any:
        """Answer a task's request; see ``TaskAPI.request``.

        One that only reads is asked again for a while, when the server is away.
        """
        token = caller.get("token")
        if not token:
            raise RequestRefused("PermissionDenied", f"{method}: there is no attempt that asks")
        n_tries = 1 + (self._n_retries if method.startswith(_READS) else 0)
        body = {"method": method, "params": params}
        for n in range(n_tries):
            try:
                answer = self.client.call("request", body, token)
                break
            except ApiUnavailable:
                if n + 1 == n_tries:
                    raise
                time.sleep(min(self._first_wait_s * 2**n, self._max_wait_s))
            except (TurnedAway, ApiMisunderstood) as exc:
                raise RequestRefused("PermissionDenied", f"{method}: {exc}") from exc
        error = answer.get("error")
        if error is not None:
            raise RequestRefused(error["type"], error["message"])
        return answer.get("value")

    def watch(self, tell: Callable[[bool, str], None]) -> None:
        """Tell whether the API server answers; see ``TaskAPI.watch``."""
        every_s = conf.getfloat("scheduler", "job_heartbeat_sec", fallback=5.0)
        Reach(self.client, tell, every_s=every_s).start()

    def close(self, *, ok: bool) -> None:
        """End the host's registration; a server that is away finds that its heartbeat stopped."""
        if self._token is None:
            return
        try:
            self.client.call("hosts", {}, self._token, method="DELETE")
        except (ApiUnavailable, TurnedAway, ApiMisunderstood) as exc:
            log.info("the API server does not know yet that this host has ended: %s", exc)

    def send_logs(self, chunks: list[dict[str, Any]]) -> dict[str, Any] | None:
        """Send parts of logs; see ``log_ship.Send``."""
        token = self._registered(chunk["token"] for chunk in chunks)
        if token is None:
            return None
        if self._shares_logs and not all(chunk["is_last"] for chunk in chunks):
            return {"shared": True, "ends": self._wants_log_ends}
        return self.client.call("logs", {"chunks": chunks}, token)


def _started() -> float | None:
    """Return when this process started, in seconds since the machine booted."""
    ticks = process.start_time(os.getpid())
    return None if ticks is None else ticks / os.sysconf("SC_CLK_TCK")


def _tokens(batch: Batch) -> list[str]:
    found = [*(s.token for s in batch.starts), *(o.token for o in batch.finishes)]
    found += [start.token for start in batch.callback_starts]
    found += [*(end.token for end in batch.callbacks), *batch.running.values()]
    return [token for token in dict.fromkeys(found) if token]


def _without_token(outcome: dict[str, Any]) -> dict[str, Any]:
    outcome.pop("token", None)
    return outcome
