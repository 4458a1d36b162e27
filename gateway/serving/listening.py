"""Where the server listens: an address, a Unix socket or one that the parent has opened."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

from ..errors import GatewayError


def check_address(host: str, port: int) -> None:
    """Raise GatewayError where the address cannot be listened on: uvicorn would say so behind both apps' start."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                trial.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            trial.bind(address)
    except (OSError, UnicodeError) as error:  # a name that is no host's is encoded first
        ways = "stop what listens there, or give --host or --port another"
        raise GatewayError(
            f"{host}:{port} cannot be listened on: {getattr(error, 'strerror', error)}; {ways}"
        ) from None


def unix_socket(path: Path) -> socket.socket:
    """Return a socket bound to a path, in the place of one that nobody listens on any more. Raises GatewayError."""
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if path.exists():
            _remove_abandoned(path)
        bound.bind(str(path))
        path.chmod(0o666)  # as uvicorn's: the proxy in front is another user
    except OSError as error:
        bound.close()
        reason = error.strerror or str(error)
        raise GatewayError(f"--uds {path} cannot be listened on: {reason}; give another path") from None
    return bound


def _remove_abandoned(path: Path) -> None:
    """Remove the socket that an earlier process has left. Raises OSError for one in use, and for any other file."""
    if not stat.S_ISSOCK(path.stat().st_mode):
        raise OSError("it is no socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
        try:
            trial.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
        else:
            raise OSError("somebody listens there")


def inherited_socket(number: int) -> socket.socket:
    """Return the socket that the parent (systemd, say) has opened under this number. Raises GatewayError."""
    try:
        inherited = socket.socket(fileno=os.dup(number))
    except OSError as error:
        raise GatewayError(f"--fd {number} cannot be listened on: {error.strerror}; systemd's first is 3") from None
    if inherited.type != socket.SOCK_STREAM:
        inherited.close()
        raise GatewayError(f"--fd {number} cannot be listened on: it is no stream socket")
    return inherited
