"""``BaseSensorOperator``: waits until something is the case, by looking again and again.

In mode ``poke`` the task's process sleeps between looks; in mode ``reschedule`` it ends, and the
engine starts the task anew when it is time.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from slipstream.clock import utcnow
from slipstream.config import conf
from slipstream.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowRescheduleException,
    AirflowSensorTimeout,
    AirflowSkipException,
    AirflowTaskTimeout,
    NotSupportedYet,
    TaskDeferralError,
)
from slipstream.sdk.operator import BaseOperator
from slipstream.sdk.skip import SkipMixin

if TYPE_CHECKING:
    from slipstream.sdk.context import Context

_MAX_BACKOFF = timedelta(days=1)


class PokeReturnValue:
    """What ``poke`` may return: whether the wait is over, and a value to push."""

    def __init__(self, is_done: bool, xcom_value: Any = None) -> None:
        self.xcom_value = xcom_value
        self.is_done = is_done

    def __bool__(self) -> bool:
        return self.is_done


class BaseSensorOperator(BaseOperator, SkipMixin):
    """Subclass it with ``poke(context)``, which returns whether the wait is over.

    :param poke_interval: seconds (or timedelta) between looks
    :param timeout: seconds (or timedelta) until the sensor fails, without retries
    :param soft_fail: skip instead of failing
    :param mode: ``poke`` or ``reschedule``
    :param exponential_backoff: let the interval grow, up to ``max_wait``
    :param silent_fail: go on after an exception in ``poke``
    :param never_fail: skip whatever happens
    """

    ui_color = "#e6f1f2"
    valid_modes: Iterable[str] = ("poke", "reschedule")
    is_sensor: ClassVar[bool] = True
    inherits_from_skipmixin = True
    _disable_default_execution_timeout = True

    def __init__(
        self,
        *,
        poke_interval: timedelta | float = 60,
        timeout: timedelta | float | None = None,
        soft_fail: bool = False,
        mode: str = "poke",
        exponential_backoff: bool = False,
        max_wait: timedelta | float | None = None,
        silent_fail: bool = False,
        never_fail: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.poke_interval = _seconds(poke_interval)
        if timeout is None:
            timeout = conf.getfloat("sensors", "default_timeout", fallback=604800.0)
        self.timeout = _seconds(timeout)
        self.soft_fail = soft_fail
        self.mode = mode
        self.exponential_backoff = exponential_backoff
        self.max_wait = None if max_wait is None else timedelta(seconds=_seconds(max_wait))
        self.silent_fail = silent_fail
        self.never_fail = never_fail
        self._check()

    def _check(self) -> None:
        for name in ("poke_interval", "timeout"):
            value = getattr(self, name)
            if not isinstance(value, int | float) or value < 0:
                raise ValueError(
                    f"Sensor {self.task_id!r}: {name} is {value!r}, it must be a number of seconds "
                    "from 0 up"
                )
        if self.mode not in self.valid_modes:
            raise ValueError(
                f"Sensor {self.task_id!r} of DAG {self.dag_id!r} has the mode {self.mode!r}: "
                f"choose one of {', '.join(sorted(self.valid_modes))}."
            )
        if self.soft_fail and self.never_fail:
            raise ValueError(
                f"Sensor {self.task_id!r} has soft_fail and never_fail: set one of them."
            )
        if getattr(self, "deferrable", False):
            raise NotSupportedYet(f"deferral (deferrable=True of task {self.task_id!r})")

    @property
    def reschedule(self) -> bool:
        return self.mode == "reschedule"

    def poke(self, context: Context) -> bool | PokeReturnValue:
        """Look, once."""
        raise NotImplementedError(f"{type(self).__name__} must define poke(self, context)")

    def execute(self, context: Context) -> Any:
        began_at, n_poked = self._start(context)
        while True:
            answer = self._poke_guarded(context)
            if answer:
                self.log.info("Success criteria met. Exiting.")
                return answer.xcom_value if isinstance(answer, PokeReturnValue) else None
            waited_s = (utcnow() - began_at).total_seconds()
            if waited_s > self.timeout:
                self._timed_out(waited_s)
            n_poked += 1
            pause_s = self._next_pause_s(context, n_poked, waited_s)
            if self.reschedule:
                raise AirflowRescheduleException(utcnow() + timedelta(seconds=pause_s))
            time.sleep(pause_s)

    def _start(self, context: Context) -> tuple[dt.datetime, int]:
        """Return when the wait began (over all reschedules) and how often it was looked before."""
        if not self.reschedule:
            return utcnow(), 0
        ti = context["ti"]
        return ti.get_first_reschedule_date(context) or ti.start_date, ti.reschedule_count

    def _poke_guarded(self, context: Context) -> bool | PokeReturnValue:
        try:
            return self.poke(context)
        except (
            AirflowSensorTimeout,
            AirflowTaskTimeout,
            AirflowFailException,
            TaskDeferralError,
        ) as e:
            if self.soft_fail or self.never_fail:
                raise AirflowSkipException(
                    f"The sensor failed, and is skipped as soft_fail or never_fail asks: {e}"
                ) from e
            raise
        except AirflowSkipException:
            raise
        except Exception as e:
            if self.silent_fail:
                self.log.exception("Sensor poke failed; going on, for silent_fail is set")
                return False
            if self.never_fail:
                raise AirflowSkipException(
                    f"The sensor failed, and is skipped as never_fail asks: {e}"
                ) from e
            raise

    def _timed_out(self, waited_s: float) -> None:
        message = (
            f"The sensor waited {waited_s} s for its condition; its timeout is {self.timeout} s."
        )
        if self.soft_fail or self.never_fail:
            raise AirflowSkipException(message)
        raise AirflowSensorTimeout(message)

    def _next_pause_s(self, context: Context, n_poked: int, waited_s: float) -> float:
        """Return the seconds until the next look; with backoff, by the number of looks."""
        if not self.exponential_backoff:
            return self.poke_interval
        longest = self.max_wait or _MAX_BACKOFF
        base = max(int(self.poke_interval * 2 ** min(n_poked - 2, 40)), 1)
        # The same task instance gets the same jitter, others another: they do not look in step.
        ti = context["ti"]
        seed = f"{ti.dag_id}#{ti.task_id}#{ti.start_date}#{n_poked}".encode()
        spread = int(hashlib.sha1(seed, usedforsecurity=False).hexdigest(), 16) % base
        pause = min(max(base, self.poke_interval) + spread, longest.total_seconds())
        return float(min(pause, max(self.timeout - waited_s, 0) + 1))

    def resume_execution(
        self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context
    ) -> Any:
        try:
            return super().resume_execution(next_method, next_kwargs, context)
        except TaskDeferralError as e:
            if self.soft_fail:
                raise AirflowSkipException(str(e)) from e
            raise AirflowException(str(e)) from e


def poke_mode_only(cls: type) -> type:
    """Make a sensor class refuse every mode but ``poke``."""

    def set_mode(self: Any, value: str) -> None:
        if value != "poke":
            raise ValueError(f"{type(self).__name__} knows the mode poke only, not {value!r}")

    cls.mode = property(lambda _: "poke", set_mode)  # type: ignore[attr-defined]
    return cls


def _seconds(value: timedelta | float) -> float:
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value
