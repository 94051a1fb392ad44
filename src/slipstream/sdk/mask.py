"""Secrets masking: values that must not appear in logs, rendered fields or the UI.

Connections' passwords, variables with telling names and what ``mask_secret`` is told are
remembered as they are read; ``SecretsMasker`` is the logging filter that replaces them by ``***``.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from slipstream.config import conf

MASK = "***"
_MIN_LENGTH = 5
"""Shorter values would mask ordinary words; ``[logging] min_length_masked_secret`` overrides it."""
_SENSITIVE_NAMES = frozenset(
    {
        "access_token",
        "api_key",
        "apikey",
        "authorization",
        "keyfile_dict",
        "passphrase",
        "passwd",
        "password",
        "private_key",
        "proxies",
        "proxy",
        "proxy_password",
        "secret",
        "service_account",
        "token",
    }
)
_MAX_DEPTH = 5

_secrets: set[str] = set()
_pattern: re.Pattern[str] | None = None


def is_sensitive(name: str) -> bool:
    """Return whether a variable or field of that name holds a secret."""
    lowered = name.strip().lower()
    return any(word in lowered for word in (*_SENSITIVE_NAMES, *_extra_names()))


def _extra_names() -> list[str]:
    if not conf.getboolean("core", "hide_sensitive_var_conn_fields", fallback=True):
        return []
    names = conf.get("core", "sensitive_var_conn_names", fallback="")
    return [n.strip().lower() for n in names.split(",") if n.strip()]


def mask_secret(secret: Any, name: str | None = None) -> None:
    """Hide a value (or, in a dict, the values of sensitive keys; in a list, all) from now on.

    :param name: the field that it came from: with one that is not sensitive, nothing is hidden
    """
    if isinstance(secret, Mapping):
        for key, value in secret.items():
            mask_secret(value, str(key))
    elif isinstance(secret, str):
        if secret and (name is None or is_sensitive(name)):
            _remember(secret)
    elif isinstance(secret, Iterable):
        for value in secret:
            mask_secret(value, name)


def _remember(secret: str) -> None:
    global _pattern
    least = conf.getint("logging", "min_length_masked_secret", fallback=_MIN_LENGTH)
    if len(secret) < least or secret in ("airflow", "default"):
        return
    forms = {secret, quote(secret, safe=""), repr(secret)[1:-1]}
    new = {f for f in forms if f not in _secrets}
    if new:
        _secrets.update(new)
        # Longest first: one secret may be part of another.
        ordered = sorted(_secrets, key=len, reverse=True)
        _pattern = re.compile("|".join(map(re.escape, ordered)))


def mask_text(text: str) -> str:
    """Return the text with known secrets replaced."""
    return text if _pattern is None else _pattern.sub(MASK, text)


def redact(value: Any, name: str | None = None, max_depth: int | None = None) -> Any:
    """Return a copy of ``value`` without secrets: known ones, and those under sensitive names."""
    return _redact(value, name, max_depth or _MAX_DEPTH)


def _redact(value: Any, name: str | None, depth: int) -> Any:
    if name is not None and value and is_sensitive(name):
        return _hide_all(value)
    if isinstance(value, str):
        return mask_text(value)
    if depth <= 0:
        return value
    if isinstance(value, dict):
        return {k: _redact(v, str(k), depth - 1) for k, v in value.items()}
    if isinstance(value, list):
        return [_redact(v, None, depth - 1) for v in value]
    if isinstance(value, tuple):
        return tuple(_redact(v, None, depth - 1) for v in value)
    if isinstance(value, set):
        return {_redact(v, None, depth - 1) for v in value}
    return value


def _hide_all(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _hide_all(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set):
        return type(value)(_hide_all(v) for v in value)
    return MASK if value is not None and not isinstance(value, bool) else value


class SecretsMasker(logging.Filter):
    """Replaces known secrets in log records."""

    def filter(self, record: logging.LogRecord) -> bool:
        if _pattern is None:
            return True
        record.msg = mask_text(record.getMessage())
        record.args = ()
        if record.exc_info and record.exc_info[1] is not None and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = mask_text(record.exc_text)
        return True


def reset() -> None:
    """Forget all secrets (between runs of an in-process test)."""
    global _pattern
    _secrets.clear()
    _pattern = None
