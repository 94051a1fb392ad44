"""``airflow.providers.standard.sensors.filesystem``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.standard.sensor.filesystem import FileSensor

__all__ = ["FileSensor"]
