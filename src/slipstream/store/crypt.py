"""Encryption at rest of variables, passwords and extras, with Airflow's Fernet keys.

``[core] fernet_key`` holds one key, or several with commas between them: the first encrypts, all
decrypt. With none, values are kept as they are. cryptography (9 MB) is imported on first use.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from slipstream.config import conf
from slipstream.errors import ConfigError, UserError

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet


@lru_cache(maxsize=4)
def _fernet(keys: str) -> MultiFernet:
    from cryptography.fernet import Fernet, MultiFernet

    try:
        return MultiFernet([Fernet(key.strip().encode()) for key in keys.split(",")])
    except ValueError:
        raise ConfigError(
            "[core] fernet_key is not a Fernet key (its value is not shown): each key is 32 bytes "
            "in URL-safe base64, 44 characters; several are separated by commas."
        ) from None


def check(keys: str) -> None:
    """Raise ConfigError unless these are Fernet keys, or none."""
    if keys.strip():
        _fernet(keys.strip())


def _keys() -> str:
    return conf.get("core", "fernet_key", fallback="").strip()


def encrypt(text: str | None) -> tuple[str | None, bool]:
    """Return the stored form of a secret and whether it is encrypted."""
    keys = _keys()
    if text is None or not keys:
        return text, False
    return _fernet(keys).encrypt(text.encode()).decode(), True


def decrypt(stored: str | None, is_encrypted: bool, what: str) -> str | None:
    """Return the secret of a stored form; ``what`` names it in the UserError for a wrong key."""
    if stored is None or not is_encrypted:
        return stored
    keys = _keys()
    if not keys:
        raise UserError(
            f"{what} is encrypted, but [core] fernet_key is empty: "
            "set the key that it was written with."
        )
    from cryptography.fernet import InvalidToken

    try:
        return _fernet(keys).decrypt(stored.encode()).decode()
    except InvalidToken:
        raise UserError(
            f"{what} was encrypted with another key than those in [core] fernet_key: "
            "add the old key after the new one, with a comma between them."
        ) from None


def rotate(stored: str | None, is_encrypted: bool, what: str) -> tuple[str | None, bool]:
    """Return the stored form under the first key."""
    return encrypt(decrypt(stored, is_encrypted, what))
