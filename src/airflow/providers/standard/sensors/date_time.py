"""``airflow.providers.standard.sensors.date_time``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.standard.sensor.date_time import DateTimeSensor, DateTimeSensorAsync

__all__ = ["DateTimeSensor", "DateTimeSensorAsync"]
