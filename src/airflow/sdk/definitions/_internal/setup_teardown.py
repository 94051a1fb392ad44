"""``airflow.sdk.definitions._internal.setup_teardown``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.setup_teardown import (
    SetupTeardownScope as BaseSetupTeardownContext,
)
from slipstream.sdk.setup_teardown import (
    SetupTeardownScope as SetupTeardownContext,
)

__all__ = ["BaseSetupTeardownContext", "SetupTeardownContext"]
