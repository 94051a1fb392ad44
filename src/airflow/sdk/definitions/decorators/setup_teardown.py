"""``airflow.sdk.definitions.decorators.setup_teardown``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.setup_teardown import (
    setup,
    teardown,
)
from slipstream.sdk.setup_teardown import (
    setup as setup_task,
)
from slipstream.sdk.setup_teardown import (
    teardown as teardown_task,
)

__all__ = ["setup", "setup_task", "teardown", "teardown_task"]
