"""A seccomp filter: what a computation never asks of a kernel is answered EPERM.

Namespaces and Landlock say what an application can reach; this says which parts of the kernel it can reach them with.
It also closes what no limit counts (shared memory outside an address space, keys, rings) and, where there is no process
namespace, signals to the station.
"""

import ctypes
import errno
import os
import platform
import struct
from typing import Final

_PR_SET_SECCOMP: Final = 22
_MODE_FILTER: Final = 2
_ALLOW: Final = 0x7FFF0000
_KILL: Final = 0x80000000
_REFUSE: Final = 0x00050000 | errno.EPERM
_LOAD: Final = 0x20
_JUMP_EQUAL: Final = 0x15
_JUMP_GREATER_EQUAL: Final = 0x35
_RETURN: Final = 0x06
_X32: Final = 0x40000000

_EVERYWHERE: Final = {
    "pidfd_send_signal": 424,
    "io_uring_setup": 425,
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsmount": 432,
    "memfd_secret": 447,
}
# Architecture: (the kernel's name for it, the numbers of the calls).
_CALLS: Final = {
    "x86_64": (
        0xC000003E,
        {
            "shmget": 29,
            "shmat": 30,
            "socket": 41,
            "kill": 62,
            "semget": 64,
            "msgget": 68,
            "ptrace": 101,
            "rt_sigqueueinfo": 129,
            "pivot_root": 155,
            "mount": 165,
            "umount2": 166,
            "tkill": 200,
            "tgkill": 234,
            "mq_open": 240,
            "add_key": 248,
            "request_key": 249,
            "keyctl": 250,
            "unshare": 272,
            "rt_tgsigqueueinfo": 297,
            "perf_event_open": 298,
            "open_by_handle_at": 304,
            "setns": 308,
            "process_vm_readv": 310,
            "process_vm_writev": 311,
            "memfd_create": 319,
            "bpf": 321,
            "userfaultfd": 323,
        },
    ),
    "aarch64": (
        0xC00000B7,
        {
            "umount2": 39,
            "mount": 40,
            "pivot_root": 41,
            "unshare": 97,
            "ptrace": 117,
            "kill": 129,
            "tkill": 130,
            "tgkill": 131,
            "rt_sigqueueinfo": 138,
            "mq_open": 180,
            "msgget": 186,
            "semget": 190,
            "shmget": 194,
            "shmat": 196,
            "socket": 198,
            "add_key": 217,
            "request_key": 218,
            "keyctl": 219,
            "rt_tgsigqueueinfo": 240,
            "perf_event_open": 241,
            "open_by_handle_at": 265,
            "setns": 268,
            "process_vm_readv": 270,
            "process_vm_writev": 271,
            "memfd_create": 279,
            "bpf": 280,
            "userfaultfd": 282,
        },
    ),
}


def filter_program() -> bytes | None:
    """The filter for this architecture; None where the numbers of its calls are not known here."""
    machine = platform.machine()
    if machine not in _CALLS or struct.calcsize("P") != 8:
        return None
    architecture, calls = _CALLS[machine]
    numbers = sorted({*calls.values(), *_EVERYWHERE.values()})
    lines = [
        (_LOAD, 0, 0, 4),  # the architecture of the call
        (_JUMP_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, 0),  # its number
        (_JUMP_GREATER_EQUAL, len(numbers) + 1, 0, _X32),
        *((_JUMP_EQUAL, len(numbers) - place, 0, number) for place, number in enumerate(numbers)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    return b"".join(struct.pack("=HBBI", *line) for line in lines)


def apply_filter(program: bytes) -> None:
    """Hold this process and all it starts to the filter, for ever; after no_new_privileges(). Raises OSError."""
    lines = ctypes.create_string_buffer(program, len(program))
    given = ctypes.create_string_buffer(struct.pack("@HP", len(program) // 8, ctypes.addressof(lines)))
    zero = ctypes.c_ulong(0)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(ctypes.c_int(_PR_SET_SECCOMP), ctypes.c_ulong(_MODE_FILTER), given, zero, zero) != 0:
        raise OSError(ctypes.get_errno(), f"seccomp: {os.strerror(ctypes.get_errno())}")
