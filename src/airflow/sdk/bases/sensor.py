"""``airflow.sdk.bases.sensor``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.sensor import BaseSensorOperator, PokeReturnValue, poke_mode_only

__all__ = ["BaseSensorOperator", "PokeReturnValue", "poke_mode_only"]
