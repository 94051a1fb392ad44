"""``XCom`` as a class: reading and writing XComs of any task instance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from slipstream.sdk import taskapi, xcom_codec
from slipstream.sdk.xcom_arg import XCOM_RETURN_KEY

__all__ = ["XCOM_RETURN_KEY", "BaseXCom"]


class BaseXCom:
    """Airflow's interface; ``ti.xcom_push`` and ``ti.xcom_pull`` are what tasks normally use."""

    XCOM_RETURN_KEY = XCOM_RETURN_KEY

    @classmethod
    def set(
        cls,
        key: str,
        value: Any,
        *,
        dag_id: str,
        task_id: str,
        run_id: str,
        map_index: int = -1,
        **_: Any,
    ) -> None:
        """Write an XCom at once."""
        taskapi.current().set_xcom(
            dag_id=dag_id,
            run_id=run_id,
            task_id=task_id,
            map_index=map_index,
            key=key,
            value=cls.serialize_value(value, key=key, task_id=task_id),
        )

    @classmethod
    async def aset(cls, key: str, value: Any, **ids: Any) -> None:
        """Write an XCom at once; with the arguments of ``set``, from a coroutine."""
        await _in_thread(cls.set, key, value, **ids)

    @classmethod
    def get_one(
        cls,
        *,
        key: str,
        dag_id: str,
        task_id: str,
        run_id: str,
        map_index: int | None = None,
        include_prior_dates: bool = False,
    ) -> Any:
        """Return one XCom's value, or None."""
        found = taskapi.current().get_xcoms(
            dag_id=dag_id,
            run_id=run_id,
            task_ids=[task_id],
            key=key,
            map_indexes=[-1 if map_index is None else map_index],
            include_prior_dates=include_prior_dates,
        )
        return cls.deserialize_value(found[0]) if found else None

    @classmethod
    async def aget_one(cls, **which: Any) -> Any:
        """Return one XCom's value, or None; with the arguments of ``get_one``, from a coroutine."""
        return await _in_thread(cls.get_one, **which)

    @classmethod
    def get_value(cls, *, ti_key: Any, key: str) -> Any:
        """Return the value that the task instance of a key pushed, or None.

        What it returns, and links, are not written before it ends.
        """
        pushed = getattr(ti_key, "pushed", {})
        if key in pushed:
            return xcom_codec.decode(pushed[key])
        return cls.get_one(
            key=key,
            dag_id=ti_key.dag_id,
            task_id=ti_key.task_id,
            run_id=ti_key.run_id,
            map_index=ti_key.map_index,
        )

    @classmethod
    async def aget_value(cls, *, ti_key: Any, key: str) -> Any:
        """Return the value that the task instance of a key pushed, or None, from a coroutine."""
        return await _in_thread(cls.get_value, ti_key=ti_key, key=key)

    @classmethod
    def get_all(
        cls,
        *,
        key: str,
        dag_id: str,
        task_id: str,
        run_id: str,
        include_prior_dates: bool = False,
    ) -> Sequence[Any] | None:
        """Return the values of all of a task's mapped instances, or None."""
        found = taskapi.current().get_xcoms(
            dag_id=dag_id,
            run_id=run_id,
            task_ids=[task_id],
            key=key,
            map_indexes=None,
            include_prior_dates=include_prior_dates,
        )
        return [cls.deserialize_value(item) for item in found] or None

    @classmethod
    async def aget_all(cls, **which: Any) -> Sequence[Any] | None:
        """Return the values of all mapped instances; as ``get_all``, from a coroutine."""
        found: Sequence[Any] | None = await _in_thread(cls.get_all, **which)
        return found

    @classmethod
    def delete(cls, key: str, task_id: str, dag_id: str, run_id: str, map_index: int = -1) -> None:
        """Delete an XCom."""
        taskapi.current().delete_xcom(
            dag_id=dag_id, run_id=run_id, task_id=task_id, map_index=map_index, key=key
        )

    @staticmethod
    def serialize_value(
        value: Any, *, key: str | None = None, task_id: str | None = None, **_: Any
    ) -> Any:
        """Return the stored form."""
        return xcom_codec.encode(value, f"XCom {key!r} of task {task_id!r}")

    @staticmethod
    def deserialize_value(result: Any) -> Any:
        """Return the value of a stored XCom."""
        value = result["value"] if isinstance(result, dict) else result.value
        return xcom_codec.decode(value)

    @staticmethod
    def purge(xcom: Any, *_: Any) -> None:
        """Called before a custom backend's XCom is deleted."""


async def _in_thread(ask: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    import asyncio  # only coroutines call this

    return await asyncio.to_thread(ask, *args, **kwargs)
