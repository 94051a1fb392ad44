"""Where the execution API is, for those who start remote hosts."""

from __future__ import annotations

from slipstream.config import conf


def execution_api_url() -> str:
    """Return ``[core] execution_api_server_url``, by default below ``[api] base_url``.

    As Airflow 3: with neither, the API server is on this machine at ``[api] port``.
    """
    given = conf.get("core", "execution_api_server_url", fallback="")
    if given:
        return given
    base = conf.get("api", "base_url", fallback="")
    if not base:
        base = f"http://localhost:{conf.getint('api', 'port', fallback=8080)}"
    return base.rstrip("/") + "/execution/"
