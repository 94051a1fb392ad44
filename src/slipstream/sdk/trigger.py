"""Triggers' base classes: what a deferred task waits for. Running them comes with the triggerer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from slipstream.sdk.log import LoggingMixin
from slipstream.state import TaskInstanceState


@dataclass
class StartTriggerArgs:
    """How a task that starts deferred does so."""

    trigger_cls: str
    next_method: str
    trigger_kwargs: dict[str, Any] | None = None
    next_kwargs: dict[str, Any] | None = None
    timeout: timedelta | None = None


class BaseTrigger(ABC, LoggingMixin):
    """An asynchronous wait; ``run`` yields a TriggerEvent when it is over."""

    supports_triggerer_queue: bool = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__()
        self.task_instance: Any = None
        self.trigger_id: Any = None

    @abstractmethod
    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class's dotted path and its arguments."""

    @abstractmethod
    def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, and yield events."""

    async def cleanup(self) -> None:
        """Release what ``run`` holds."""

    async def on_kill(self) -> None:
        """Stop what the trigger waits for, when its task is killed."""

    def __repr__(self) -> str:
        path, kwargs = self.serialize()
        return f"<{path} {', '.join(f'{k}={v}' for k, v in kwargs.items())}>"


class BaseEventTrigger(BaseTrigger):
    """A trigger that can watch an asset."""


class TriggerEvent:
    """What a trigger says when it fires; ``payload`` goes to the task."""

    def __init__(self, payload: Any) -> None:
        self.payload = payload

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TriggerEvent) and other.payload == self.payload

    def __hash__(self) -> int:
        return hash(repr(self.payload))

    def __repr__(self) -> str:
        return f"TriggerEvent<{self.payload!r}>"


class BaseTaskEndEvent(TriggerEvent):
    """An event that ends the task itself, without running it again."""

    task_instance_state: TaskInstanceState

    def __init__(self, *, xcoms: dict[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(payload=str(self.task_instance_state))
        self.xcoms = xcoms


class TaskSuccessEvent(BaseTaskEndEvent):
    task_instance_state = TaskInstanceState.SUCCESS


class TaskFailedEvent(BaseTaskEndEvent):
    task_instance_state = TaskInstanceState.FAILED


class TaskSkippedEvent(BaseTaskEndEvent):
    task_instance_state = TaskInstanceState.SKIPPED
