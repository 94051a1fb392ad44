"""Generated passwords: the file that keeps them, and the lines that tell them to people."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from pathlib import Path

from slipstream.api.auth import password, secret_file
from slipstream.api.auth.user import all_admins, configured_users
from slipstream.config import conf
from slipstream.errors import ConfigError

log = logging.getLogger(__name__)


def passwords_path() -> Path:
    """Return the file that holds the passwords, as JSON of name to password."""
    given = conf.get("core", "simple_auth_manager_passwords_file", fallback="")
    return Path(given) if given else conf.home / "simple_auth_manager_passwords.json.generated"


def ensure_logins(names: Iterable[str] | None = None) -> dict[str, str]:
    """Return the password of each of the names; generate and save those that are missing.

    Without names: of every configured user. Raises ConfigError when the file cannot be read or
    written, or is no JSON object.
    """
    path = passwords_path()
    wanted = list(configured_users() if names is None else names)
    known = _load(path)
    missing = [name for name in wanted if not known.get(name)]
    if missing:
        known |= {name: password.generate() for name in missing}
        secret_file.replace(path, json.dumps(known))
    return {name: known[name] for name in wanted}


def take_away(name: str) -> None:
    """Let no start make a user anew whom the option names still, and people have taken away.

    Kept as an empty password; where the file cannot be written, the log says what to do.
    """
    if name not in configured_users():
        return
    path = passwords_path()
    try:
        secret_file.replace(path, json.dumps(_load(path) | {name: ""}))
    except ConfigError as error:
        log.warning(
            "The next start makes user %r anew, unless you take them out of "
            "[core] simple_auth_manager_users: %s",
            name,
            error,
        )


def taken_away() -> frozenset[str]:
    """Return the users whom people took away, as far as the option had named them."""
    return frozenset(name for name, text in _load(passwords_path()).items() if not text)


def kept_logins() -> dict[str, str]:
    """Return what is in the file; raise ConfigError as ``ensure_logins`` does."""
    return _load(passwords_path())


def login_lines(url: str, created: Iterable[tuple[str, str]]) -> list[str]:
    """Return the lines that tell a person how to log in at ``url``.

    ``created`` are the names and roles of users that were made just now: their passwords are shown,
    this once.
    """
    if all_admins():
        return [f"Open {url} (everybody is an admin: [core] simple_auth_manager_all_admins)"]
    new, passwords = list(created), kept_logins()
    if not new:
        lines = [f"Open {url} and log in."]
        if passwords:
            lines.append(f"Passwords that were generated are in {passwords_path()}")
        return lines
    lines = [f"Open {url} and log in with:"]
    lines += [f"  {name}  {passwords[name]}  ({role})" for name, role in new if name in passwords]
    lines.append(f"Passwords are kept in {passwords_path()}")
    return lines


def _load(path: Path) -> dict[str, str]:
    text = secret_file.read(path)
    if text is None or not text.strip():
        return {}
    try:
        data = json.loads(text)
    except ValueError:
        data = None
    if not isinstance(data, dict) or not all(isinstance(v, str) for v in data.values()):
        raise ConfigError(
            f"{path} is not a JSON object of user names to passwords. "
            "Correct it, or delete it to have new passwords generated."
        )
    return data
