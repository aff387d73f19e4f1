"""The kernel's words for confining a process, which Python 3.11 does not speak: checked calls through ctypes."""

import ctypes
import os
import struct
from collections.abc import Iterable
from typing import Final

CLONE_NEWNS: Final = 0x00020000
CLONE_NEWCGROUP: Final = 0x02000000
CLONE_NEWUTS: Final = 0x04000000
CLONE_NEWIPC: Final = 0x08000000
CLONE_NEWUSER: Final = 0x10000000
CLONE_NEWPID: Final = 0x20000000
CLONE_NEWNET: Final = 0x40000000

MS_RDONLY: Final = 1
MS_NOSUID: Final = 2
MS_NODEV: Final = 4
MS_NOEXEC: Final = 8
MS_REMOUNT: Final = 32
MS_BIND: Final = 4096
MS_REC: Final = 16384
MS_PRIVATE: Final = 1 << 18
_MNT_DETACH: Final = 2

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_CHILD_SUBREAPER: Final = 36
_PR_SET_NO_NEW_PRIVS: Final = 38

# Landlock: the numbers are the same on every architecture.
_LANDLOCK_CREATE_RULESET: Final = 444
_LANDLOCK_ADD_RULE: Final = 445
_LANDLOCK_RESTRICT_SELF: Final = 446
_LANDLOCK_READ: Final = (1 << 2) | (1 << 3)  # read files, list folders
_LANDLOCK_READ_FILE: Final = 1 << 2

_libc = ctypes.CDLL(None, use_errno=True)


def unshare(flags: int) -> None:
    """Leave the namespaces named by the flags. Raises OSError."""
    _checked(_libc.unshare(ctypes.c_int(flags)), "unshare")


def mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    """Mount. Raises OSError."""
    texts = [text.encode() for text in (source, target, kind)]
    _checked(_libc.mount(*texts, ctypes.c_ulong(flags), data.encode() or None), f"mount {target}")


def bind_read_only(source: str, target: str) -> None:
    """Show a folder once more at another place, read only. Raises OSError."""
    mount(source, target, "", MS_BIND | MS_REC)
    # Flags that the source's mount has may not be taken away by who does not own it.
    locked = os.statvfs(source).f_flag & (os.ST_NOEXEC | os.ST_NOATIME | os.ST_NODIRATIME)
    mount("", target, "", MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | locked)


def pivot_root(new_root: str, old_root: str) -> None:
    """Make a mount the root, and let go of the old one. Raises OSError."""
    _checked(_libc.pivot_root(new_root.encode(), old_root.encode()), "pivot_root")


def detach(target: str) -> None:
    """Take a mount away, at once as far as this process sees. Raises OSError."""
    _checked(_libc.umount2(target.encode(), _MNT_DETACH), "umount2")


def no_new_privileges() -> None:
    """From now on no exec gives more rights. Raises OSError."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def die_with_parent(signal_number: int) -> None:
    """Get this signal when the parent ends. Raises OSError."""
    _prctl(_PR_SET_PDEATHSIG, signal_number)


def hide_memory() -> None:
    """Let no other process of this user read memory or environment. Raises OSError."""
    _prctl(_PR_SET_DUMPABLE, 0)


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ended. Raises OSError."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def drop_capabilities() -> None:
    """Give up what a new user namespace gave. Raises OSError."""
    header = struct.pack("=Ii", 0x20080522, 0)
    _checked(_libc.capset(header, b"\0" * 24), "capset")


def landlock_abi() -> int:
    """The version of Landlock's interface; 0 where there is none."""
    return max(0, int(_libc.syscall(_LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint(1))))


def landlock_ruleset(readable: Iterable[str]) -> int:
    """A ruleset (a descriptor) that lets read these files and folders and denies all else it knows. Raises OSError."""
    abi = landlock_abi()
    files = (1 << 13) - 1
    files |= (1 << 13) * (abi >= 2) | (1 << 14) * (abi >= 3) | (1 << 15) * (abi >= 5)
    network = 0b11 if abi >= 4 else 0
    scopes = 0b11 if abi >= 6 else 0
    attributes = struct.pack("=QQQ", files, network, scopes)[: 24 if abi >= 6 else 16 if abi >= 4 else 8]
    ruleset = int(
        _libc.syscall(_LANDLOCK_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint(0))
    )
    _checked(ruleset, "landlock_create_ruleset")
    for path in readable:
        _allow(ruleset, path)
    return ruleset


def landlock_restrict(ruleset: int) -> None:
    """Hold this process and all it starts to the ruleset, for ever. Raises OSError."""
    _checked(_libc.syscall(_LANDLOCK_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint(0)), "landlock_restrict_self")


def _allow(ruleset: int, path: str) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        allowed = _LANDLOCK_READ if os.path.isdir(path) else _LANDLOCK_READ_FILE
        rule = struct.pack("=Qi", allowed, descriptor)
        arguments = (ctypes.c_int(ruleset), ctypes.c_int(1), rule, ctypes.c_uint(0))
        _checked(_libc.syscall(_LANDLOCK_ADD_RULE, *arguments), "landlock_add_rule")
    finally:
        os.close(descriptor)


def _prctl(option: int, value: int) -> None:
    zero = ctypes.c_ulong(0)
    _checked(_libc.prctl(ctypes.c_int(option), ctypes.c_ulong(value), zero, zero, zero), "prctl")


def _checked(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
