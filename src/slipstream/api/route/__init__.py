"""The endpoints, one module per resource of Airflow's REST API.

An endpoint reads what it needs in short ``store.read()`` blocks and replies with plain data. It
is a plain function, run in a thread, unless it does no I/O.
"""

from slipstream.api import path_rest  # noqa: F401  # registers the convertor that paths here use
