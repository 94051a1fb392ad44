"""``airflow.providers.standard.decorators.sensor``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.standard.sensor_decorator import DecoratedSensorOperator, sensor_task

__all__ = ["DecoratedSensorOperator", "sensor_task"]
