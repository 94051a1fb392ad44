"""The web port."""

from __future__ import annotations

import errno
import socket

from slipstream.errors import UserError

_BACKLOG = 512


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket, which children may inherit; raise UserError when it cannot be had.

    Where a supervisor holds it, a restart of the API server loses neither the port nor the
    connections that arrive meanwhile.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Inherited by what is accepted. asyncio sets it only where the socket says "TCP" itself,
        # and without it each small reply waits 40 ms for the client's delayed acknowledgement.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        raise UserError(_message(host, port, error)) from None
    listener.set_inheritable(True)
    return listener


def _message(host: str, port: int, error: OSError | OverflowError) -> str:
    how = "with AIRFLOW__API__PORT, or --port of api-server"
    if isinstance(error, OverflowError):
        return f"There is no port {port}: choose one from 1 to 65535 {how}."
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is taken by another program: stop it, or choose another port {how}."
    if error.errno == errno.EACCES:
        return f"Port {port} needs root's rights: choose one above 1023 {how}."
    return f"Cannot listen on {host!r}, port {port}: {error.strerror or error}."
