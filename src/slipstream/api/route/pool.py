"""Pools: list with their use, read, write, delete, in bulk too."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Query
from starlette.responses import Response

from slipstream.api import audit, body, bulk
from slipstream.api.call import Call, Operator, Viewer
from slipstream.api.error import already_exists, bad_request, invalid_body, not_found
from slipstream.api.query import PoolQuery, filters_of
from slipstream.api.replies import replies
from slipstream.api.reply import Json, no_content
from slipstream.store import Connection, inbox, pool
from slipstream.store.listing import OneOf, Window, resource
from slipstream.store.listing.resource import PoolListed, PoolUse
from slipstream.store.row import PoolRow

router = APIRouter(tags=["Pool"])

T = TypeVar("T")

_NAME = "/pools/{pool_name:rest}"
_UNUSED = PoolUse(0, 0, 0, 0)


def _present(row: PoolListed, use: PoolUse) -> dict[str, Any]:
    occupied = use.running + use.queued + (use.deferred if row.include_deferred else 0)
    return {
        "name": row.name,
        "slots": row.slots,
        "description": row.description,
        "include_deferred": row.include_deferred,
        "occupied_slots": occupied,
        "running_slots": use.running,
        "queued_slots": use.queued,
        "scheduled_slots": use.scheduled,
        "open_slots": -1 if row.slots == -1 else row.slots - occupied,
        "deferred_slots": use.deferred,
        "team_name": None,
    }


def _shown(conn: Connection, name: str) -> dict[str, Any]:
    rows = resource.pools(conn, Window(1), [OneOf("name", (name,))]).rows
    if not rows:
        raise not_found(f"There is no pool {name!r}.")
    return _present(rows[0], resource.pool_use(conn, [name]).get(name, _UNUSED))


def _told(row: PoolRow) -> dict[str, Any]:
    """Return what the audit log keeps of a pool."""
    return audit.facts(row, ("name", "slots", "description", "include_deferred"))


def _found(conn: Connection, name: str) -> PoolRow:
    row = pool.get(conn, name)
    if row is None:
        raise not_found(f"There is no pool {name!r}.")
    return row


class _Pools:
    """Pools, for bulk changes."""

    noun = "pools"
    secret: Sequence[str] = ()

    def key(self, entity: body.Pool) -> str:
        return entity.name

    def existing(self, conn: Connection, keys: Collection[str]) -> set[str]:
        return resource.existing_pools(conn, keys)

    def put(self, conn: Connection, entity: body.Pool, mask: Sequence[str] | None) -> None:
        slots, text, deferred = entity.slots, entity.description, entity.include_deferred
        before = pool.get(conn, entity.name)
        if mask is not None and before is not None:
            slots = slots if "slots" in mask else before.slots
            text = text if "description" in mask else before.description
            deferred = deferred if "include_deferred" in mask else before.include_deferred
        pool.upsert(conn, entity.name, slots, text, deferred)

    def delete(self, conn: Connection, key: str) -> None:
        pool.delete(conn, key)

    def found(self, conn: Connection, key: str) -> PoolRow | None:
        return pool.get(conn, key)

    def told(self, found: PoolRow) -> dict[str, Any]:
        return _told(found)


_POOLS = _Pools()


def _change(call: Call, change: Callable[[Connection], T]) -> T:
    """Run a change and tell the scheduler of it in one transaction."""

    def write(conn: Connection) -> T:
        result = change(conn)
        inbox.post(conn, target="scheduler", kind="pool_changed", now=call.clock.now())
        return result

    result = call.store.write(write)
    call.store.wake("scheduler")
    return result


@router.get("/pools", responses=replies("PoolCollectionResponse"))
def get_pools(call: Viewer, query: Annotated[PoolQuery, Query()]) -> Response:
    """List pools."""
    with call.store.read() as conn:
        page = resource.pools(conn, query.page(), filters_of(query, rename={"pool_name": "name"}))
        use = resource.pool_use(conn, [row.name for row in page.rows])
    shown = [_present(row, use.get(row.name, _UNUSED)) for row in page.rows]
    return Json({"pools": shown, "total_entries": page.total})


@router.post("/pools", status_code=201, responses=replies("PoolResponse", 409, status=201))
def post_pool(call: Operator, given: body.Pool) -> Response:
    """Create a pool."""

    def create(conn: Connection) -> None:
        if pool.get(conn, given.name) is not None:
            raise already_exists(f"Pool {given.name!r} already exists.")
        _POOLS.put(conn, given, None)
        audit.write(conn, call, "post_pool", after=_told(_found(conn, given.name)))

    _change(call, create)
    with call.store.read() as conn:
        return Json(_shown(conn, given.name), 201)


@router.patch("/pools", responses=replies("BulkResponse"))
def bulk_pools(call: Operator, given: body.PoolBulk) -> Response:
    """Create, update and delete pools."""
    call.need_bulk("Pools", given.actions)

    def change(conn: Connection) -> dict[str, Any]:
        outcome, told = bulk.apply_and_tell(conn, _POOLS, given.actions)
        audit.write(conn, call, "bulk_pools", told)
        return outcome

    return Json(_change(call, change))


@router.get(_NAME, responses=replies("PoolResponse", 404))
def get_pool(call: Viewer, pool_name: str) -> Response:
    """Return a pool."""
    with call.store.read() as conn:
        return Json(_shown(conn, pool_name))


@router.patch(_NAME, responses=replies("PoolResponse", 404))
def patch_pool(
    call: Operator,
    pool_name: str,
    given: body.PoolPatch,
    update_mask: Annotated[list[str] | None, Query()] = None,
) -> Response:
    """Change a pool: the fields given, or those of the mask."""
    if given.pool is not None and given.pool != pool_name:
        raise bad_request(
            f"The body is of pool {given.pool!r}, the path of {pool_name!r}: "
            "a pool cannot be renamed."
        )
    fields = given.model_fields_set - {"pool", "team_name"}
    if update_mask:
        fields &= set(update_mask)
    if pool_name == pool.DEFAULT and fields - {"slots", "include_deferred"}:
        raise bad_request(
            f"Of {pool.DEFAULT}, only slots and include_deferred can be changed, for tasks rely "
            "on it: leave the other fields out."
        )
    for name in ("slots", "include_deferred"):
        if name in fields and getattr(given, name) is None:
            raise invalid_body("missing", (name,), "Field required", given.model_dump())

    def change(conn: Connection) -> None:
        before = _found(conn, pool_name)
        entity = body.Pool.model_construct(
            name=pool_name,
            slots=before.slots if given.slots is None else given.slots,
            description=given.description,
            include_deferred=bool(given.include_deferred),
        )
        _POOLS.put(conn, entity, sorted(fields))
        audit.write(
            conn,
            call,
            "patch_pool",
            {"pool": pool_name},
            before=_told(before),
            after=_told(_found(conn, pool_name)),
        )

    _change(call, change)
    with call.store.read() as conn:
        return Json(_shown(conn, pool_name))


@router.delete(_NAME, status_code=204, responses=replies(None, 404, status=204))
def delete_pool(call: Operator, pool_name: str) -> Response:
    """Delete a pool."""
    if pool_name == pool.DEFAULT:
        raise bad_request(f"{pool.DEFAULT} stays: tasks that name no pool run in it.")

    def delete(conn: Connection) -> None:
        row = _found(conn, pool_name)
        pool.delete(conn, pool_name)
        audit.write(conn, call, "delete_pool", before=_told(row))

    _change(call, delete)
    return no_content()
