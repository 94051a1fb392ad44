"""``airflow.providers.standard.decorators.stub``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.standard.stub_decorator import stub_task as stub

__all__ = ["stub"]
