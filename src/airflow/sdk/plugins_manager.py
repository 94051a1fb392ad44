"""``airflow.sdk.plugins_manager``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.plugin import AirflowPlugin, AirflowPluginException

__all__ = ["AirflowPlugin", "AirflowPluginException"]
