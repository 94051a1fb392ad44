"""``airflow.providers.standard.utils.skipmixin``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.skip import (
    XCOM_SKIPMIXIN_FOLLOWED,
    XCOM_SKIPMIXIN_KEY,
    XCOM_SKIPMIXIN_SKIPPED,
    SkipMixin,
)

__all__ = ["SkipMixin", "XCOM_SKIPMIXIN_FOLLOWED", "XCOM_SKIPMIXIN_KEY", "XCOM_SKIPMIXIN_SKIPPED"]
