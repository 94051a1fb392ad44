"""``airflow.sdk.bases.operatorlink``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.operatorlink import BaseOperatorLink

__all__ = ["BaseOperatorLink"]
