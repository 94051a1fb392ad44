"""``airflow.providers.standard.sensors.time_delta``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.standard.sensor.date_time import (
    TimeDeltaSensor,
    TimeDeltaSensorAsync,
    WaitSensor,
)

__all__ = ["TimeDeltaSensor", "TimeDeltaSensorAsync", "WaitSensor"]
