# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How root opens what a path of the caller's or of the configuration's stands for, and changes its owner. No link is followed."""

from __future__ import annotations

import ctypes
import errno
import os
import re
import stat
import sys
from typing import Any

_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.syscall.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_size_t]
_LIBC.syscall.restype = ctypes.c_long
_OPENAT2 = 437
_NO_XDEV, _NO_MAGICLINKS, _NO_SYMLINKS, _BENEATH = 0x01, 0x02, 0x04, 0x08
_AT_EMPTY_PATH = 0x1000
# In struct statx: where the attributes are, and those that chattr +i and +a set.
_STATX_BYTES, _STATX_ATTRIBUTES, _IMMUTABLE_OR_APPEND = 256, slice(8, 16), 0x30


class Denied(Exception):
    """The call is not obeyed, and nothing was changed."""


def path_problem(path: str) -> str:
    if not path.startswith("/"):
        return "is not absolute"
    if any(part in ("", ".", "..") for part in path.split("/")[1:]):
        return "has an empty component, . or .."
    return "has a control character" if re.search(r"[\x00-\x1f\x7f]", path) else ""


def open_trusted(path: str) -> int:
    """Open what is root's and can be written by nobody else, as is every directory above it."""
    if path_problem(path):
        raise Denied("%r: %s" % (path, path_problem(path)))
    names = path.split("/")[1:]
    opened = os.open("/", _DIRECTORY)
    _must_be_roots(opened, "/")
    for depth, name in enumerate(names, start=1):
        flags = _DIRECTORY if depth < len(names) else os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        above = opened
        try:
            opened = os.open(name, flags, dir_fd=above)
        except OSError as error:
            raise Denied("/%s: %s" % ("/".join(names[:depth]), error.strerror)) from None
        finally:
            os.close(above)
        _must_be_roots(opened, "/" + "/".join(names[:depth]))
    return opened


def _must_be_roots(opened: int, path: str) -> None:
    status = os.fstat(opened)
    if status.st_uid != 0 or status.st_mode & _OTHERS_MAY_WRITE:
        raise Denied("%s is not root's alone (uid %d, mode %o)" % (path, status.st_uid, status.st_mode & 0o7777))


def open_below_root(config: dict[str, Any], path: str, flags: int) -> int:
    """Open what lies below one of the roots; no symbolic link is followed and no other file system entered."""
    if path_problem(path):
        raise Denied("path %r %s" % (path, path_problem(path)))
    for root, real in config["roots"].items():
        if path.startswith(root + "/"):
            top = _open_at(os.open("/", _DIRECTORY), real[1:], os.O_PATH | os.O_DIRECTORY, _BENEATH)
            return _open_at(top, path[len(root) + 1 :], flags, _BENEATH | _NO_XDEV)
    raise Denied("path %r is not below a root" % path)


def _open_at(directory: int, names: str, flags: int, resolve: int) -> int:
    """openat2(2), or where the kernel has none (before 5.6) a walk. The directory is closed."""
    flags |= os.O_NOFOLLOW | os.O_CLOEXEC
    how = (ctypes.c_uint64 * 3)(flags, 0, resolve | _NO_SYMLINKS | _NO_MAGICLINKS)
    try:
        opened = _LIBC.syscall(_OPENAT2, directory, os.fsencode(names), ctypes.byref(how), ctypes.sizeof(how))
        if opened >= 0:
            return int(opened)
        if ctypes.get_errno() != errno.ENOSYS:
            raise Denied("/%s cannot be opened: %s" % (names, os.strerror(ctypes.get_errno())))
        return walk(directory, names.split("/"), flags, bool(resolve & _NO_XDEV))
    finally:
        os.close(directory)


def walk(directory: int, names: list[str], flags: int, one_file_system: bool) -> int:
    """Component by component, each by the descriptor of the one before, no symbolic link followed."""
    device = os.fstat(directory).st_dev
    at = os.dup(directory)
    for depth, name in enumerate(names, start=1):
        kind = flags if depth == len(names) else os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        above = at
        try:
            at = os.open(name, kind, dir_fd=above)
        except OSError as error:
            raise Denied("/%s cannot be opened: %s" % ("/".join(names), error.strerror)) from None
        finally:
            os.close(above)
        status = os.fstat(at)
        if stat.S_ISLNK(status.st_mode) or (one_file_system and status.st_dev != device):
            os.close(at)
            raise Denied("/%s: a symbolic link or another file system on the way" % "/".join(names))
    return at


def chown_opened(opened: int, uid: int, gid: int) -> None:
    """Change the owner of exactly what an O_PATH descriptor stands for."""
    if _LIBC.fchownat(opened, b"", uid, gid, _AT_EMPTY_PATH):
        raise OSError(ctypes.get_errno(), "fchownat: %s" % os.strerror(ctypes.get_errno()))


def is_locked(opened: int) -> bool:
    """Whether not even root may change it, by an attribute that only root can have set."""
    found = ctypes.create_string_buffer(_STATX_BYTES)
    if _LIBC.statx(opened, b"", _AT_EMPTY_PATH, 0, found):
        return False
    return bool(int.from_bytes(found.raw[_STATX_ATTRIBUTES], sys.byteorder) & _IMMUTABLE_OR_APPEND)
