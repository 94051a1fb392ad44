"""``airflow.sdk.definitions.param``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.param import DagParam, Param, ParamsDict, process_params

__all__ = ["DagParam", "Param", "ParamsDict", "process_params"]
