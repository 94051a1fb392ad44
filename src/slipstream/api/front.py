"""How the server faces its clients, beside the address: TLS, proxies, timeouts, logging.

What is not given comes from ``[api]``. uvicorn does all of it; here it is checked and passed on.
"""

from __future__ import annotations

import argparse
import os
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, Self

from slipstream.config import conf
from slipstream.errors import UserError

STOP_S = 1
"""Open requests (streamed logs) get so long to end."""
_KEEP_ALIVE_S = 30
_CERT_REQS = {
    "none": ssl.CERT_NONE,
    "optional": ssl.CERT_OPTIONAL,
    "required": ssl.CERT_REQUIRED,
}


@dataclass(frozen=True, slots=True)
class Front:
    """The flags of ``api-server``, by their names."""

    ssl_cert: str | None = None
    ssl_key: str | None = None
    ssl_ca_file: str | None = None
    ssl_cert_reqs: str = "none"
    proxy_headers: bool = False
    worker_timeout: int | None = None
    log_config: str | None = None
    access_log: bool = False

    @classmethod
    def of(cls, args: argparse.Namespace) -> Self:
        """Return what a command's arguments say."""
        return cls(**{f.name: getattr(args, f.name) for f in fields(cls) if hasattr(args, f.name)})

    def checked(self) -> Self:
        """Return it completed from the configuration; raise UserError for what cannot work."""
        found = replace(
            self,
            ssl_cert=self.ssl_cert or conf.get("api", "ssl_cert", fallback="") or None,
            ssl_key=self.ssl_key or conf.get("api", "ssl_key", fallback="") or None,
            proxy_headers=self.proxy_headers
            or conf.getboolean("fab", "enable_proxy_fix", fallback=False),
            log_config=None if self.log_config == "-" else self.log_config,
        )
        found._check_tls()
        if found.log_config and not os.path.isfile(found.log_config):
            raise UserError(f"--log-config: there is no file {found.log_config}.")
        return found

    def flags(self) -> list[str]:
        """Return the flags that say the same to ``python -m slipstream.api``."""
        return list(self._flags())

    def uvicorn_options(self) -> dict[str, Any]:
        """Return the arguments of ``uvicorn.Config``."""
        return {
            "ssl_certfile": self.ssl_cert,
            "ssl_keyfile": self.ssl_key,
            "ssl_ca_certs": self.ssl_ca_file,
            "ssl_cert_reqs": _CERT_REQS[self.ssl_cert_reqs],
            "proxy_headers": self.proxy_headers,
            "log_config": self.log_config,
            "access_log": self.access_log,
            "timeout_keep_alive": self.worker_timeout or _KEEP_ALIVE_S,
            "timeout_graceful_shutdown": self.worker_timeout or STOP_S,
        }

    def _flags(self) -> Iterator[str]:
        for field in fields(self):
            value = getattr(self, field.name)
            if value == field.default:
                continue
            yield f"--{field.name.replace('_', '-')}"
            if value is not True:
                yield str(value)

    def _check_tls(self) -> None:
        if self.ssl_key and not self.ssl_cert:
            raise UserError("--ssl-key, or [api] ssl_key, needs a certificate: --ssl-cert.")
        if not self.ssl_cert:
            if self.ssl_ca_file or self.ssl_cert_reqs != "none":
                raise UserError("--ssl-ca-file and --ssl-cert-reqs need a certificate: --ssl-cert.")
            return
        if self.ssl_cert_reqs != "none" and not self.ssl_ca_file:
            raise UserError("--ssl-cert-reqs needs --ssl-ca-file, to check certificates against.")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        for path in filter(None, (self.ssl_cert, self.ssl_key, self.ssl_ca_file)):
            if not os.path.isfile(path):
                raise UserError(f"Cannot serve TLS: there is no file {path}.")
        try:
            context.load_cert_chain(self.ssl_cert, self.ssl_key)
            if self.ssl_ca_file:
                context.load_verify_locations(self.ssl_ca_file)
        except (OSError, ssl.SSLError) as error:
            raise UserError(
                f"Cannot serve TLS with {self.ssl_cert} and {self.ssl_key or 'no key'}: {error}."
            ) from error
