"""``[dask]``: which cluster, and with which certificates. Nothing here imports Dask."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from slipstream.config import conf
from slipstream.errors import ConfigError

_DEFAULT_PORT = 8786
_SCHEMES = ("tcp", "tls", "ws", "wss", "ucx")
_ENCRYPTED = ("tls", "wss")


@dataclass(frozen=True, slots=True)
class Tls:
    """Paths of PEM files."""

    ca: str
    cert: str
    key: str
    """Empty when it is in ``cert``."""


@dataclass(frozen=True, slots=True)
class Target:
    """A Dask scheduler's address as Dask writes it, and what to show it."""

    address: str
    tls: Tls | None


def configured() -> Target | None:
    """Return what ``[dask]`` names, None for nothing; raise ConfigError for what cannot be."""
    written = conf.get("dask", "cluster_address", fallback="").strip()
    tls = _tls()
    if not written:
        if tls is not None:
            raise ConfigError(
                "[dask] tls_ca and tls_cert are set, and cluster_address is not: set it, too, or "
                "none of them (the cluster on this machine has certificates of its own)"
            )
        return None
    return Target(_address(written, is_encrypted=tls is not None), tls)


def _address(written: str, *, is_encrypted: bool) -> str:
    """Return the address with its scheme and port."""
    if "://" not in written:
        written = f"{'tls' if is_encrypted else 'tcp'}://{written}"
    parts = urlsplit(written)
    try:
        host, port = parts.hostname, parts.port or _DEFAULT_PORT
    except ValueError:
        host, port = None, 0
    if not host or parts.path.strip("/") or parts.scheme not in _SCHEMES:
        raise ConfigError(
            f"[dask] cluster_address is {written!r}; it must be like 127.0.0.1:8786, "
            f"tcp://host:8786 or tls://host:8786 (before ://, one of {', '.join(_SCHEMES)})"
        )
    if is_encrypted and parts.scheme not in _ENCRYPTED:
        raise ConfigError(
            f"[dask] cluster_address is {written!r}, which is not encrypted, and tls_ca and tls_cert "
            "are set: write tls://…, or unset them"
        )
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def _tls() -> Tls | None:
    """Return the certificates once they have been read; Dask's own messages name no option."""
    ca, cert, key = (
        conf.get("dask", name, fallback="").strip() for name in ("tls_ca", "tls_cert", "tls_key")
    )
    if not (ca or cert or key):
        return None
    if missing := [n for n, value in (("tls_ca", ca), ("tls_cert", cert)) if not value]:
        raise ConfigError(
            f"[dask] {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set: TLS needs "
            "tls_ca, tls_cert, and tls_key unless the key is in tls_cert's file"
        )
    for name, path in (("tls_ca", ca), ("tls_cert", cert), ("tls_key", key)):
        try:
            if path:
                Path(path).read_bytes()
        except OSError as error:
            raise ConfigError(f"[dask] {name} is {path!r}: {error.strerror}") from None
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(ca)
    except ssl.SSLError as error:
        raise ConfigError(f"[dask] tls_ca is {ca!r}, which holds no certificate: {error}") from None
    try:
        context.load_cert_chain(cert, key or None)
    except ssl.SSLError as error:
        raise ConfigError(
            f"[dask] tls_cert ({cert!r}) and tls_key ({key!r}) are no certificate with its key: {error}"
        ) from None
    return Tls(ca, cert, key)
