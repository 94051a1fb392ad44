"""``airflow.utils.session``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.compat.session import NEW_SESSION, create_session, provide_session

__all__ = ["NEW_SESSION", "create_session", "provide_session"]
