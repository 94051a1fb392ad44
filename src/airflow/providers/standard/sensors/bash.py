"""``airflow.providers.standard.sensors.bash``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.standard.sensor.bash import BashSensor

__all__ = ["BashSensor"]
