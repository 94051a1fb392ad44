"""Masking by name: what looks like a secret is shown as ``***``.

The rule is Airflow's: a name that contains one of a list of words, which
``[core] sensitive_var_conn_names`` extends; ``hide_sensitive_var_conn_fields = False`` ends it.
"""

from __future__ import annotations

import json
from typing import Any

from slipstream.config import conf

MASK = "***"
_WORDS = frozenset(
    {
        *("access_token", "api_key", "apikey", "authorization", "passphrase", "passwd"),
        *("password", "private_key", "proxy", "proxies", "secret", "token"),
        *("keyfile_dict", "service_account"),
    }
)


def sensitive_words() -> frozenset[str]:
    """Return the words that make a name sensitive; none if masking is off."""
    if not conf.getboolean("core", "hide_sensitive_var_conn_fields", fallback=True):
        return frozenset()
    more = conf.get("core", "sensitive_var_conn_names", fallback="").split(",")
    return _WORDS | {word.strip().lower() for word in more if word.strip()}


def is_sensitive(name: str, words: frozenset[str]) -> bool:
    lowered = name.strip().lower()
    return any(word in lowered for word in words)


def redact(value: Any, words: frozenset[str]) -> Any:
    """Return ``value`` with what stands under sensitive names in it masked, at any depth."""
    if isinstance(value, dict):
        return {
            k: MASK if v is not None and is_sensitive(str(k), words) else redact(v, words)
            for k, v in value.items()
        }
    if isinstance(value, list):
        return [redact(v, words) for v in value]
    return value


def unmasked(new: Any, old: Any) -> Any:
    """Return ``new`` with what is masked in it as it stands at the same place of ``old``.

    So what a reply showed can be sent back, changed in other places.
    """
    if new == MASK and old is not None:
        return old
    if isinstance(new, dict) and isinstance(old, dict):
        return {k: unmasked(v, old.get(k)) for k, v in new.items()}
    if isinstance(new, list) and isinstance(old, list):
        return [unmasked(v, old[i] if i < len(old) else None) for i, v in enumerate(new)]
    return new


def unmasked_text(new: str | None, old: str | None) -> str | None:
    """Do as ``unmasked`` with text, which may be JSON."""
    if not new or not old or MASK not in new:
        return new
    if new == MASK:
        return old
    try:
        given, before = json.loads(new), json.loads(old)
        merged = unmasked(given, before)
    except (ValueError, RecursionError):
        return new
    return new if merged == given else json.dumps(merged)


def redact_json(text: str, words: frozenset[str]) -> str:
    """Return ``text``, if it is a JSON object or list, with its secrets masked."""
    try:
        value = json.loads(text)
        return json.dumps(redact(value, words)) if isinstance(value, dict | list) else text
    except ValueError:
        return text
    except RecursionError:
        return MASK  # nested too deep to be searched for secrets
