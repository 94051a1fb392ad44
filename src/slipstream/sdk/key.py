"""The rules for dag_ids, task_ids and group_ids."""

from __future__ import annotations

import re

MAX_LENGTH = 250
_KEY = re.compile(r"[\w.-]+\Z")
_GROUP_KEY = re.compile(r"[\w-]+\Z")


def validate_key(k: str, max_length: int = MAX_LENGTH) -> None:
    """Check a dag_id or task_id.

    :raises TypeError: not a string
    :raises ValueError: too long, or has other characters than letters, digits, ``-``, ``_``, ``.``
    """
    _check(k, max_length, _KEY, "dashes, dots and underscores")


def validate_group_key(k: str, max_length: int = 200) -> None:
    """Check a group_id: as a task_id, but without dots and at most 200 long."""
    _check(k, max_length, _GROUP_KEY, "dashes and underscores")


def _check(k: str, max_length: int, pattern: re.Pattern[str], also: str) -> None:
    if not isinstance(k, str):
        raise TypeError(f"An id is a string: {k!r} is a {type(k).__name__}")
    if len(k) > max_length:
        raise ValueError(f"This id has {len(k)} characters, {max_length} are allowed: {k!r}")
    if not pattern.match(k):
        raise ValueError(f"The id {k!r} may hold only letters, digits, {also}")
