"""Worker hosts come and go."""

from __future__ import annotations

import re
from pathlib import Path

from fastapi import APIRouter
from starlette.responses import Response

from slipstream.api.execution.access import ForHost, Server, Voucher, other_version
from slipstream.api.execution.model import Answer, Host, HostAnswer
from slipstream.api.reply import Json
from slipstream.config import conf
from slipstream.store import job, remote
from slipstream.token import HOST_LIFETIME_S, Scope
from slipstream.worker.task_api import VERSION

router = APIRouter(tags=["Worker host"])

_MARK = re.compile(r"\.slipstream-[0-9a-f-]{1,60}")


@router.post("/hosts", response_model=HostAnswer, summary="Register a worker host")
def register(body: Host, voucher: Voucher, server: Server) -> Response:
    """Introduce a host; any attempt's token is good for it. All else that it says needs its answer."""
    if body.version != VERSION:
        raise other_version(str(body.version))
    now = server.clock.now()
    host_id = server.store.write(
        lambda conn: remote.register_host(
            conn,
            hostname=body.hostname,
            pid=body.pid,
            pid_started=body.pid_started,
            executor=body.executor,
            now=now,
        )
    )
    token = server.tokens.issue(Scope.HOST, host_id, now, HOST_LIFETIME_S, body.hostname[:255])
    return Json(
        {
            "host_id": host_id,
            "token": token,
            "heartbeat_s": conf.getfloat("scheduler", "job_heartbeat_sec", fallback=5.0),
            "run_token_s": server.run_token_s,
            "shares_logs": _shares_logs(body.log_mark),
            "wants_log_ends": server.uploads is not None,
            "now": now.isoformat(),
        }
    )


def _shares_logs(mark: str | None) -> bool:
    if mark is None or not _MARK.fullmatch(mark):
        return False
    return (Path(conf.get("logging", "base_log_folder")) / mark).is_file()


@router.delete("/hosts", response_model=Answer, summary="End a host's registration")
def leave(host: ForHost, server: Server) -> Response:
    """Say that a host has ended by itself; nothing runs on it any more."""
    now = server.clock.now()
    server.store.write(lambda conn: job.end(conn, host.subject, "success", now))
    return Json({"now": now.isoformat()})
