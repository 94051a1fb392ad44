"""``airflow.utils.deprecation_tools``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.compat.decorator import add_deprecated_classes
from slipstream.sdk.exceptions import DeprecatedImportWarning

__all__ = ["DeprecatedImportWarning", "add_deprecated_classes"]
