"""A network of the process's own that leads nowhere, where the kernel gives one: what connects below Python, unseen by
any audit hook, arrives nowhere either. A socket that has a path in the file system belongs to no network.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
import sys
from contextlib import suppress
from pathlib import Path

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS = 0x8914
IFF_UP = 1
CAPABILITIES = 0x20080522
"""Version 3 of the capabilities' format: three sets of 64 bits."""


def leave_network() -> bool:
    """Go into a network of the process's own (network_namespaces(7)); return False where the kernel refuses it.

    Call it before any thread is started, for a thread is in the network of the one that starts it.
    """
    if sys.platform != "linux":
        return False
    if _unshare(CLONE_NEWNET):
        _raise_loopback()
        return True
    return _may_leave_as_user() and _leave_as_user()


def _unshare(flags: int) -> bool:
    refused: int = ctypes.CDLL(None).unshare(flags)  # os.unshare is there since Python 3.12
    return not refused


def _may_leave_as_user() -> bool:
    """Have a child try, for there is no way back: AppArmor may give the namespace and then refuse its names."""
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if _leave_as_user() else 1)
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0


def _leave_as_user() -> bool:
    """Go by way of a user namespace, which has this user and this group under their own numbers.

    It gives every capability inside and takes those outside: only for a process that has none, and goes on with none.
    """
    user, group, libc = os.geteuid(), os.getegid(), ctypes.CDLL(None)
    header, had, none = (ctypes.c_uint32 * 2)(CAPABILITIES), (ctypes.c_uint32 * 6)(), (ctypes.c_uint32 * 6)()
    if libc.capget(header, had) or any(had) or not _unshare(CLONE_NEWUSER | CLONE_NEWNET):
        return False
    try:
        Path("/proc/self/setgroups").write_text("deny", "ascii")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1", "ascii")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1", "ascii")
    except OSError:
        return False
    _raise_loopback()
    refused: int = libc.capset(header, none)
    return not refused


def _raise_loopback() -> None:
    """Let an app listen on 127.0.0.1, as it could before."""
    with suppress(OSError), socket.socket() as asking:
        fcntl.ioctl(asking, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
