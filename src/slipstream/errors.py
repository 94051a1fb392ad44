"""The engine's error tree. Each message is for people: what failed, why, and what to do.

Airflow's own exceptions, which DAG files raise and catch, live in ``slipstream.sdk.exceptions``.
"""

from __future__ import annotations

from collections.abc import Sequence


class SlipstreamError(Exception):
    """Root of the engine's errors: a defect or a lost race unless it is a ``UserError``."""


class UserError(SlipstreamError):
    """Something that a person can put right. The CLI prints it as one line and exits with 1."""


class ConfigError(UserError):
    """An option has a value that cannot be used, or has none and needs one.

    This is what DAG files know as ``AirflowConfigException``.
    """


class StoreUnavailable(UserError):
    """The metadata database cannot be reached, or refuses us."""


class NotFound(UserError):
    """What was named does not exist."""


class DuplicateRun(UserError):
    """The DAG already has a run with this run id or this logical date."""


class InvalidTransition(SlipstreamError):
    """The state machine got an event that its state has no answer to: a defect of ours.

    ``story`` holds the task instance's events up to then, oldest first.
    """

    def __init__(self, message: str, story: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.story = tuple(story)

    def __str__(self) -> str:
        return "\n  ".join([super().__str__(), *self.story])
