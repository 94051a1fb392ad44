"""``airflow.sdk.definitions.xcom_arg``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.xcom_arg import ConcatXComArg, MapXComArg, PlainXComArg, XComArg, ZipXComArg

__all__ = ["ConcatXComArg", "MapXComArg", "PlainXComArg", "XComArg", "ZipXComArg"]
