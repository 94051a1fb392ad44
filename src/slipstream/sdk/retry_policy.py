"""Retry policies: whether and when a task is tried again, by the exception that it raised."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from slipstream.sdk.module_loading import import_string, qualname


class RetryAction(StrEnum):
    """What to do about a failure."""

    RETRY = "retry"
    FAIL = "fail"
    DEFAULT = "default"


@dataclass(frozen=True)
class RetryDecision:
    """What a policy decided; ``retry_delay`` None is the task's own."""

    action: RetryAction = RetryAction.DEFAULT
    retry_delay: timedelta | None = None
    reason: str | None = None

    @classmethod
    def default(cls) -> RetryDecision:
        """Leave it to the task's retries."""
        return cls()

    @classmethod
    def fail(cls, reason: str | None = None) -> RetryDecision:
        """Fail now."""
        return cls(RetryAction.FAIL, reason=reason)

    @classmethod
    def retry(cls, delay: timedelta | None = None, reason: str | None = None) -> RetryDecision:
        """Try again, if tries are left."""
        return cls(RetryAction.RETRY, delay, reason)


class RetryPolicy(ABC):
    """Subclass it with ``evaluate``."""

    @abstractmethod
    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Any = None
    ) -> RetryDecision:
        """Decide about a failure."""

    def serialize(self) -> dict[str, Any]:
        return {}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> RetryPolicy:
        return cls(**data)


class RetryRule:
    """What to do about exceptions of given classes (or dotted paths of classes)."""

    def __init__(
        self,
        exception: Any,
        action: RetryAction = RetryAction.RETRY,
        retry_delay: timedelta | None = None,
        reason: str | None = None,
        match_subclasses: bool = True,
    ) -> None:
        specs = exception if isinstance(exception, list | tuple) else [exception]
        self.exception_path = [s if isinstance(s, str) else qualname(s, True) for s in specs]
        self.action = RetryAction(action)
        self.retry_delay, self.reason = retry_delay, reason
        self.match_subclasses = match_subclasses

    def matches(self, exception: BaseException) -> bool:
        """Return whether the rule is about this exception."""
        cls = type(exception)
        if not self.match_subclasses:
            return qualname(cls, True) in self.exception_path
        names = {qualname(c, True) for c in cls.__mro__}
        if names & set(self.exception_path):
            return True
        for path in self.exception_path:
            try:
                found = import_string(path)
            except ImportError:
                continue
            if isinstance(found, type) and isinstance(exception, found):
                return True
        return False


class ExceptionRetryPolicy(RetryPolicy):
    """The first rule that matches decides."""

    def __init__(self, rules: list[RetryRule], default: RetryAction = RetryAction.DEFAULT) -> None:
        self.rules, self.default = rules, RetryAction(default)

    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Any = None
    ) -> RetryDecision:
        for rule in self.rules:
            if rule.matches(exception):
                return RetryDecision(rule.action, rule.retry_delay, rule.reason)
        return RetryDecision(self.default)
