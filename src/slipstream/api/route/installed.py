"""Providers and plugins that are installed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from slipstream.api import installed
from slipstream.api.call import Viewer
from slipstream.api.query import Paged
from slipstream.api.replies import replies
from slipstream.api.reply import Json

router = APIRouter()


@router.get("/providers", tags=["Provider"], responses=replies("ProviderCollectionResponse"))
def get_providers(call: Viewer, query: Annotated[Paged, Query()]) -> Response:
    """List the provider packages that are installed."""
    found = installed.providers()
    return Json({"providers": query.part_of(found), "total_entries": len(found)})


@router.get("/plugins", tags=["Plugin"], responses=replies("PluginCollectionResponse"))
def get_plugins(call: Viewer, query: Annotated[Paged, Query()]) -> Response:
    """List the plugins, as they were when somebody first asked."""
    found = installed.plugins()["plugins"]
    return Json({"plugins": query.part_of(found), "total_entries": len(found)})


@router.get(
    "/plugins/importErrors",
    tags=["Plugin"],
    responses=replies("PluginImportErrorCollectionResponse"),
)
def import_errors(call: Viewer) -> Response:
    """List the plugins that cannot be loaded."""
    found = installed.plugins()["import_errors"]
    return Json({"import_errors": found, "total_entries": len(found)})
