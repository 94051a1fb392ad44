"""``airflow.providers.standard.sensors.weekday``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.standard.sensor.date_time import DayOfWeekSensor

__all__ = ["DayOfWeekSensor"]
