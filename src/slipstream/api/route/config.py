"""The configuration, for those whom ``[api] expose_config`` allows to see it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header
from starlette.responses import PlainTextResponse, Response

from slipstream.api.call import Operator, Viewer
from slipstream.api.error import forbidden_because, not_found
from slipstream.api.negotiate import wants
from slipstream.api.replies import replies
from slipstream.api.reply import Json
from slipstream.config import conf

router = APIRouter(tags=["Config"])

MASK = "< hidden >"
_NOT_EXPOSED = (
    "The configuration is not shown here: [api] expose_config is False. "
    "Who runs this server can set it to True or non-sensitive-only."
)


def _exposed() -> str:
    """Return how much is shown: ``no``, ``non-sensitive-only`` or ``yes``."""
    value = conf.get("api", "expose_config", fallback="False").strip().lower()
    if value == "non-sensitive-only":
        return value
    return "yes" if value in ("true", "t", "1") else "no"


def _reply(sections: dict[str, dict[str, str]], accept: str) -> Response:
    if wants(accept, "application/json", "text/plain") == "text/plain":
        lines: list[str] = []
        for name, options in sections.items():
            lines += [f"[{name}]", *(f"{k} = {v}" for k, v in options.items()), ""]
        return PlainTextResponse("\n".join(lines))
    shown: list[dict[str, Any]] = [
        {"name": name, "options": [{"key": k, "value": v} for k, v in options.items()]}
        for name, options in sections.items()
    ]
    return Json({"sections": shown})


@router.get("/config", responses=replies("Config", 404, 406, text="[core]\nparallelism = 32\n"))
def get_config(
    call: Viewer, section: str | None = None, accept: Annotated[str, Header()] = "*/*"
) -> Response:
    """Return the options in use, those that are secret masked."""
    if _exposed() == "no":
        raise forbidden_because(_NOT_EXPOSED)
    names = conf.as_dict()  # hides secrets, also from those who may see all else
    if section is not None:
        if section not in names:
            raise not_found(f"There is no section [{section}].")
        names = {section: names[section]}
    return _reply(
        {n: {k: _text(v) for k, v in options.items()} for n, options in names.items()}, accept
    )


def _text(value: str | None) -> str:
    return "" if value is None else value


@router.get(
    "/config/section/{section}/option/{option}",
    responses=replies("Config", 404, 406, text="[core]\nparallelism = 32\n"),
)
def get_config_value(
    call: Operator, section: str, option: str, accept: Annotated[str, Header()] = "*/*"
) -> Response:
    """Return one option, masked if it is secret."""
    if _exposed() == "no":
        raise forbidden_because(_NOT_EXPOSED)
    if not conf.has_option(section, option):
        raise not_found(f"Section [{section}] has no option {option}.")
    setting = conf.resolve(section, option)
    value = MASK if setting.is_sensitive else _text(setting.value)
    return _reply({section: {option: value}}, accept)
