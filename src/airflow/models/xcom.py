"""``airflow.models.xcom``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.compat.orm import XComModel
from slipstream.sdk.xcom import XCOM_RETURN_KEY, BaseXCom
from slipstream.sdk.xcom import BaseXCom as XCom

__all__ = ["BaseXCom", "XCOM_RETURN_KEY", "XCom", "XComModel"]
