"""``airflow.sdk.execution_time.xcom``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.xcom import BaseXCom
from slipstream.sdk.xcom import BaseXCom as XCom

__all__ = ["BaseXCom", "XCom"]
