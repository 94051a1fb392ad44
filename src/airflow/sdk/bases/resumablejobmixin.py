"""``airflow.sdk.bases.resumablejobmixin``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.resumable import ResumableJobMixin

__all__ = ["ResumableJobMixin"]
