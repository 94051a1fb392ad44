"""``airflow.utils.net``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.compat.system import get_hostname, getfqdn

__all__ = ["get_hostname", "getfqdn"]
