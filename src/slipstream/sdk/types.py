"""Marker values and small shared types of the authoring API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from typing import TypeGuard


class ArgNotSet:
    """Type of ``NOTSET``: an argument that nobody gave, where None means something."""

    _instance: ArgNotSet | None = None

    def __new__(cls) -> ArgNotSet:
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance

    def __repr__(self) -> str:
        return "NOTSET"

    def __bool__(self) -> bool:
        return False

    def __reduce__(self) -> str:
        return "NOTSET"


NOTSET: Final = ArgNotSet()


class SetDuringExecution(ArgNotSet):
    """Type of ``SET_DURING_EXECUTION``: a template field that ``execute`` itself fills in."""

    _instance: SetDuringExecution | None = None

    def __repr__(self) -> str:
        return "DYNAMIC (set during execution)"

    def __reduce__(self) -> str:
        return "SET_DURING_EXECUTION"

    def serialize(self) -> str:
        return repr(self)


SET_DURING_EXECUTION: Final = SetDuringExecution()


def is_arg_set(value: Any) -> TypeGuard[Any]:
    """Return whether the argument was given."""
    return not isinstance(value, ArgNotSet)


class TaskInstanceKey(NamedTuple):
    """Names one try of a task instance."""

    dag_id: str
    task_id: str
    run_id: str
    try_number: int = 1
    map_index: int = -1

    @property
    def primary(self) -> tuple[str, str, str, int]:
        return self.dag_id, self.task_id, self.run_id, self.map_index

    @property
    def key(self) -> TaskInstanceKey:
        return self

    def with_try_number(self, try_number: int) -> TaskInstanceKey:
        return self._replace(try_number=try_number)
