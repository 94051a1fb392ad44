"""Who the caller is, what they may do, and what a page needs to know of the server."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from slipstream import __version__
from slipstream.api.auth.user import all_admins
from slipstream.api.call import Caller
from slipstream.api.replies import replies
from slipstream.api.reply import Json
from slipstream.config import conf
from slipstream.store import user

router = APIRouter(tags=["Slipstream"])


@router.get("/session", responses=replies("SessionResponse"))
def get_session(call: Caller) -> Response:
    """Say who the caller is and what they may do."""
    row = None
    if call.user.id is not None:
        with call.store.read() as conn:
            row = user.get_by_id(conn, call.user.id)
    return Json(
        {
            "user": {
                "username": call.user.name,
                "first_name": row.first_name if row else "",
                "last_name": row.last_name if row else "",
                "email": row.email if row else "",
                "roles": list(call.user.roles),
            },
            "permissions": sorted(call.user.permissions),
            "config": _config(call.server.prefix),
        }
    )


def _config(prefix: str) -> dict[str, object]:
    executors = conf.get("core", "executor", fallback="LocalExecutor").split(",")
    exposed = conf.get("api", "expose_config", fallback="False").strip().lower()
    return {
        "instance_name": conf.get("api", "instance_name", fallback="") or "Slipstream",
        "version": __version__,
        "default_timezone": conf.get("core", "default_timezone", fallback="utc"),
        "page_size": conf.getint("api", "fallback_page_limit", fallback=50),
        "test_connection": conf.get("core", "test_connection", fallback="Disabled").capitalize(),
        "expose_config": exposed in ("true", "t", "1", "non-sensitive-only"),
        "default_wrap": conf.getboolean("api", "default_wrap", fallback=False),
        "prefix": prefix,
        "auth": "all_admins" if all_admins() else "users",
        "executors": [name.strip() for name in executors if name.strip()],
    }
