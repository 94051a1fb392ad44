"""Passwords: hashed with argon2id, checked in the same time for users that do not exist."""

from __future__ import annotations

import secrets
import string
import threading
from functools import cache
from typing import TYPE_CHECKING

from slipstream.errors import UserError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

MAX_LENGTH = 1024
_ALPHABET = string.ascii_letters + string.digits
_LENGTH = 16
_at_once = threading.Semaphore(2)
"""Each check takes 19 MB and 20 ms of a core: strangers must not have many at a time."""


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher  # only who hashes needs to pay for it

    # What OWASP recommends at least: 19 MiB, two passes, one lane.
    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


@cache
def _nobodys() -> str:
    return _hasher().hash(secrets.token_hex(16))


def generate() -> str:
    """Return a new password that nobody guesses."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


def hashed(password: str) -> str:
    """Return the hash to keep of a password; raise UserError for one that cannot be used."""
    if not password:
        raise UserError("A password cannot be empty.")
    if len(password) > MAX_LENGTH:
        raise UserError(f"A password has at most {MAX_LENGTH} characters.")
    with _at_once:
        return _hasher().hash(password.encode("utf-8", "surrogatepass"))


def is_right(password: str, known: str | None) -> bool:
    """Say whether a password is the one of the hash; False, as slowly, when there is no hash."""
    from argon2.exceptions import InvalidHashError, VerificationError

    if len(password) > MAX_LENGTH:
        password = ""
    with _at_once:
        try:
            _hasher().verify(known or _nobodys(), password.encode("utf-8", "surrogatepass"))
        except (VerificationError, InvalidHashError):
            return False
    return known is not None


def is_outdated(known: str) -> bool:
    """Say whether a hash was made with other parameters than those of today."""
    return _hasher().check_needs_rehash(known)
