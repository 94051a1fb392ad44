"""Where logs go: ``[logging] remote_base_log_folder`` and what belongs to it, by Airflow's names."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from slipstream.config import conf
from slipstream.errors import ConfigError

_OPTION = "[logging] remote_base_log_folder"
_EXAMPLES = "s3://bucket/logs, abfs://container/logs, gs://bucket/logs or file:///mnt/logs"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of store: fsspec's name for it, and which package has it in which of our extras."""

    protocol: str
    package: str
    extra: str


_S3 = Kind("s3", "s3fs", "s3")
_AZURE = Kind("abfs", "adlfs", "azure")
_GOOGLE = Kind("gcs", "gcsfs", "google")
_FILE = Kind("file", "fsspec", "remote-logs")
_KINDS = {
    "s3": _S3,
    "s3a": _S3,
    "abfs": _AZURE,
    "abfss": _AZURE,
    "az": _AZURE,
    "wasb": _AZURE,
    "wasbs": _AZURE,
    "gs": _GOOGLE,
    "gcs": _GOOGLE,
    "file": _FILE,
}


@dataclass(frozen=True, slots=True)
class Target:
    """A folder in a store."""

    kind: Kind
    base: str
    """Bucket or container, and the folder in it; a path for ``file``. No slash at its end."""
    shown: str
    """As people wrote it."""
    account: str | None = None
    """Azure's, when the address names it."""
    conn_id: str = ""
    deletes_local: bool = False
    """Log files go when they are in the store."""

    def name_of(self, relative: str) -> str:
        """Return the object of a log, by the log's path below the log folder."""
        return f"{self.base}/{relative}"

    def shown_name(self, relative: str) -> str:
        """Return the object's address for people."""
        return f"{self.shown.rstrip('/')}/{relative}"


def configured() -> Target | None:
    """Return where logs go, or None where they stay; raise ConfigError."""
    if not conf.getboolean("logging", "remote_logging", fallback=False):
        return None
    target = _read(conf.get("logging", "remote_base_log_folder", fallback=""))
    if importlib.util.find_spec(target.kind.package) is None:
        raise ConfigError(
            f"{_OPTION} is {target.shown!r}, which needs the package {target.kind.package}: "
            f"install slipstream-orchestrator[{target.kind.extra}]."
        )
    return target


def check(text: str) -> None:
    """Raise ConfigError for a folder that cannot be used, if logs are to go there."""
    if conf.getboolean("logging", "remote_logging", fallback=False):
        configured()


def _read(text: str) -> Target:
    text = text.strip()
    if not text:
        raise ConfigError(
            f"[logging] remote_logging is on, but {_OPTION} is empty; it may be {_EXAMPLES}."
        )
    scheme, sep, rest = text.partition("://")
    if not sep and text.startswith("wasb"):
        scheme, rest = "wasb", text  # as Airflow: a folder whose name begins so
    kind = _KINDS.get(scheme.lower())
    if kind is None:
        raise ConfigError(
            f"{_OPTION} is {text!r}, which is no store that is known; it may be {_EXAMPLES}."
        )
    base, account = rest.strip("/"), None
    if kind is _FILE:
        parts = urlsplit(text)
        base = unquote(parts.path).rstrip("/")
        if parts.netloc not in ("", "localhost") or not base.startswith("/"):
            raise ConfigError(
                f"{_OPTION} is {text!r}, which is no whole path; a folder is written with three slashes, "
                "as file:///mnt/logs."
            )
    elif kind is _AZURE and "@" in rest.partition("/")[0]:
        container, _, host_and_path = rest.partition("@")
        host, _, folder = host_and_path.partition("/")
        account = host.partition(".")[0]
        base = f"{container}/{folder}".strip("/")
    elif scheme == "wasb":
        # As Airflow: an option names the container, and this is the folder in it.
        container = conf.get(
            "azure_remote_logging", "remote_wasb_log_container", fallback="airflow-logs"
        )
        base = f"{container}/{base}".strip("/")
    if not base:
        raise ConfigError(
            f"{_OPTION} is {text!r}, which names no place in the store; it may be {_EXAMPLES}."
        )
    return Target(
        kind,
        base,
        text,
        account,
        conf.get("logging", "remote_log_conn_id", fallback=""),
        conf.getboolean("logging", "delete_local_logs", fallback=False),
    )
