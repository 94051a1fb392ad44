"""``airflow.utils.email``: mail over the SMTP server that ``[smtp]`` names."""

from __future__ import annotations

import os
import smtplib
from collections.abc import Iterable
from email.message import EmailMessage
from mimetypes import guess_type
from typing import Any

from slipstream.config import conf


def get_email_address_list(addresses: str | Iterable[str]) -> list[str]:
    """Return addresses given as a list, or as text with commas or semicolons."""
    if isinstance(addresses, str):
        return [a.strip() for a in addresses.replace(";", ",").split(",") if a.strip()]
    found = list(addresses)
    if not all(isinstance(a, str) for a in found):
        raise TypeError("An e-mail address is a string: one in the list is not.")
    return found


def build_mime_message(
    mail_from: str | None,
    to: str | Iterable[str],
    subject: str,
    html_content: str,
    files: list[str] | None = None,
    cc: str | Iterable[str] | None = None,
    bcc: str | Iterable[str] | None = None,
    mime_subtype: str = "mixed",
    mime_charset: str = "utf-8",
    custom_headers: dict[str, Any] | None = None,
) -> tuple[EmailMessage, list[str]]:
    """Return the message and everybody that it goes to."""
    message = EmailMessage()
    recipients = get_email_address_list(to)
    message["Subject"] = subject
    message["From"] = mail_from or "airflow"
    message["To"] = ", ".join(recipients)
    if cc:
        copies = get_email_address_list(cc)
        message["CC"] = ", ".join(copies)
        recipients += copies
    if bcc:
        recipients += get_email_address_list(bcc)
    for name, value in (custom_headers or {}).items():
        message[name] = value
    message.set_content(html_content, subtype="html", charset=mime_charset)
    for path in files or ():
        kind, _, subtype = (guess_type(path)[0] or "application/octet-stream").partition("/")
        with open(path, "rb") as file:
            message.add_attachment(
                file.read(), maintype=kind, subtype=subtype, filename=os.path.basename(path)
            )
    return message, recipients


def send_email(
    to: str | Iterable[str],
    subject: str,
    html_content: str,
    files: list[str] | None = None,
    dryrun: bool = False,
    cc: str | Iterable[str] | None = None,
    bcc: str | Iterable[str] | None = None,
    mime_subtype: str = "mixed",
    mime_charset: str = "utf-8",
    conn_id: str | None = None,
    custom_headers: dict[str, Any] | None = None,
    **_: Any,
) -> None:
    """Send a mail (with ``dryrun``, only build it)."""
    sender = conf.get("smtp", "smtp_mail_from", fallback="airflow@example.com")
    message, recipients = build_mime_message(
        sender,
        to,
        subject,
        html_content,
        files,
        cc,
        bcc,
        mime_subtype,
        mime_charset,
        custom_headers,
    )
    if dryrun:
        return
    host = conf.get("smtp", "smtp_host", fallback="localhost")
    port = conf.getint("smtp", "smtp_port", fallback=25)
    timeout = conf.getint("smtp", "smtp_timeout", fallback=30)
    over_ssl = conf.getboolean("smtp", "smtp_ssl", fallback=False)
    server = (smtplib.SMTP_SSL if over_ssl else smtplib.SMTP)(host, port, timeout=timeout)
    with server:
        if not over_ssl and conf.getboolean("smtp", "smtp_starttls", fallback=True):
            server.starttls()
        user = conf.get("smtp", "smtp_user", fallback="")
        if user:
            server.login(user, conf.get("smtp", "smtp_password", fallback=""))
        server.send_message(message, from_addr=sender, to_addrs=recipients)


send_email_smtp = send_email
