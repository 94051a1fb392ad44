"""Who may come in and what they may do, without the web framework.

Owns users, their roles and passwords, logins and tokens. Imports nothing of FastAPI, so that the
CLI can manage all of it in a few milliseconds; enforcing it on requests is ``api.gate`` and
``api.permission``.
"""

from slipstream.api.auth.login import ensure_logins, login_lines, passwords_path
from slipstream.api.auth.session import Sessions
from slipstream.api.auth.token import InvalidToken, Tokens
from slipstream.api.auth.user import User

__all__ = [
    "InvalidToken",
    "Sessions",
    "Tokens",
    "User",
    "ensure_logins",
    "login_lines",
    "passwords_path",
]
