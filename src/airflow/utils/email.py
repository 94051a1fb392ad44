"""``airflow.utils.email``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.compat.mail import (
    build_mime_message,
    get_email_address_list,
    send_email,
    send_email_smtp,
)

__all__ = ["build_mime_message", "get_email_address_list", "send_email", "send_email_smtp"]
