"""``airflow.sdk.definitions._internal.templater``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.jinja import NativeEnvironment, SandboxedEnvironment
from slipstream.sdk.template import LiteralValue, Templater, literal

__all__ = ["LiteralValue", "NativeEnvironment", "SandboxedEnvironment", "Templater", "literal"]
