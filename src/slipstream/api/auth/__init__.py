"""Who may come in: Airflow's simple auth manager, without the web framework.

Owns users, their generated passwords, roles and tokens. Imports nothing of FastAPI, so that the
CLI can set up and print logins in a millisecond; enforcing it on requests is ``api.gate``.
"""

from slipstream.api.auth.login import ensure_logins, login_lines, passwords_path
from slipstream.api.auth.token import InvalidToken, Tokens
from slipstream.api.auth.user import Role, User, Users

__all__ = [
    "InvalidToken",
    "Role",
    "Tokens",
    "User",
    "Users",
    "ensure_logins",
    "login_lines",
    "passwords_path",
]
