"""``airflow.providers.standard.sensors.time``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.standard.sensor.date_time import TimeSensor, TimeSensorAsync

__all__ = ["TimeSensor", "TimeSensorAsync"]
