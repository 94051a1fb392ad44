"""``airflow.utils.db``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.compat.session import create_session, provide_session

__all__ = ["create_session", "provide_session"]
