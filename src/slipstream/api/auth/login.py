"""Generated passwords of the simple auth manager's users."""

from __future__ import annotations

import json
import secrets
import string
from pathlib import Path

from slipstream.api.auth import secret_file
from slipstream.api.auth.user import Users, all_admins, configured_users
from slipstream.config import conf
from slipstream.errors import ConfigError

_ALPHABET = string.ascii_letters + string.digits
_LENGTH = 16


def passwords_path() -> Path:
    """Return the file that holds the passwords, as JSON of name to password."""
    given = conf.get("core", "simple_auth_manager_passwords_file", fallback="")
    return Path(given) if given else conf.home / "simple_auth_manager_passwords.json.generated"


def ensure_logins() -> dict[str, str]:
    """Return the password of every configured user; generate and save those that are missing.

    Raises ConfigError when the file cannot be read or written, or is no JSON object.
    """
    path = passwords_path()
    users = configured_users()
    known = _load(path)
    missing = [name for name in users if name not in known]
    if missing:
        known |= {name: _generate() for name in missing}
        secret_file.replace(path, json.dumps(known))
    return {name: known[name] for name in users}


def load_users() -> Users:
    """Return the configured users with their passwords, generated if need be."""
    return Users(configured_users(), ensure_logins())


def login_lines(url: str) -> list[str]:
    """Return the lines that tell a person how to log in at ``url``."""
    if all_admins():
        return [f"Open {url} (everybody is an admin: [core] simple_auth_manager_all_admins)"]
    lines = [f"Open {url} and log in with:"]
    roles = configured_users()
    lines += [
        f"  {name}  {password}  ({roles[name].role.label})"
        for name, password in ensure_logins().items()
    ]
    lines.append(f"Passwords are kept in {passwords_path()}")
    return lines


def _generate() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


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
