"""``airflow.sdk.bases.xcom``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.xcom import BaseXCom

__all__ = ["BaseXCom"]
