"""``airflow.providers.standard.operators.trigger_dagrun``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.standard.trigger_dagrun import (
    XCOM_LOGICAL_DATE_ISO,
    XCOM_RUN_ID,
    DagIsPaused,
    TriggerDagRunLink,
    TriggerDagRunOperator,
)

__all__ = [
    "DagIsPaused",
    "TriggerDagRunLink",
    "TriggerDagRunOperator",
    "XCOM_LOGICAL_DATE_ISO",
    "XCOM_RUN_ID",
]
