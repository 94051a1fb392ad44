"""``airflow.providers.standard.sensors.external_task``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.standard.sensor.external_task import (
    ExternalDagLink,
    ExternalTaskMarker,
    ExternalTaskSensor,
)

__all__ = ["ExternalDagLink", "ExternalTaskMarker", "ExternalTaskSensor"]
