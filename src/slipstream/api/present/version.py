"""DAG versions in replies."""

from __future__ import annotations

from typing import Any

from slipstream.store.listing.version import VersionListed


def present(row: VersionListed) -> dict[str, Any]:
    return {
        "id": row.id,
        "version_number": row.version_number,
        "dag_id": row.dag_id,
        "bundle_name": row.bundle_name,
        "bundle_version": row.bundle_version,
        "created_at": row.created_at,
        "dag_display_name": row.dag_display_name or row.dag_id,
        "bundle_url": None,
    }
