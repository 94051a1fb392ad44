"""``airflow.providers.standard.sensors.python``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.standard.sensor.python import PythonSensor

__all__ = ["PythonSensor"]
