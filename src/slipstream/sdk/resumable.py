"""``ResumableJobMixin``: operators that submit a job elsewhere and wait for it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slipstream.sdk.context import Context


class ResumableJobMixin(ABC):
    """Gives ``execute_resumable``: submit, wait, fetch the result.

    Airflow 3.3 can find a job again after a worker was lost; here each try submits anew until
    there is a task state store.
    """

    external_id_key: str = "external_id"

    def __init__(self, *, durable: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.durable = durable

    @abstractmethod
    def submit_job(self, context: Context) -> Any:
        """Submit the job and return its id."""

    @abstractmethod
    def get_job_status(self, external_id: Any, context: Context) -> str:
        """Return the job's status."""

    @abstractmethod
    def is_job_active(self, status: str) -> bool:
        """Return whether a status means: still running."""

    @abstractmethod
    def is_job_succeeded(self, status: str) -> bool:
        """Return whether a status means: done."""

    @abstractmethod
    def poll_until_complete(self, external_id: Any, context: Context) -> Any:
        """Wait for the job's end."""

    def get_job_result(self, external_id: Any, context: Context) -> Any:
        """Return the job's result."""
        return external_id

    def execute_resumable(self, context: Context) -> Any:
        """Submit, wait, and return the result."""
        external_id = self.submit_job(context)
        self.poll_until_complete(external_id, context)
        return self.get_job_result(external_id, context)
