"""The fork server of confined runs: a small clean process that has loaded Python once, so that a run need not.

Started by the station with a socket, it leaves for a user, mount and IPC namespace of its own whose root is a tmpfs
with Python's library and the system's, read only. For each run it forks a minder; the minder leaves for a user,
process, network, IPC and host-name namespace of that run alone, forks the application as its first process, and waits
for it, the clock, or the station. When the first process of a process namespace ends, the kernel ends all others in it.

It holds no secret: nothing of the station's memory, environment or descriptors but the socket comes here.
"""

import gc
import importlib
import json
import os
import resource
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from cashback.control.station.confinement import kernel
from cashback.control.station.confinement.bundles import run_application
from cashback.control.station.confinement.syscalls import apply_filter, filter_program

# Loaded once for all applications: what computations import.
_LOADED: Final = (
    "bisect collections copy dataclasses datetime decimal fractions functools hashlib heapq hmac itertools json math"
    " operator random re statistics string struct traceback typing zipfile"
)
MESSAGE_BYTES_MAX: Final = 4096
DESCRIPTORS_MAX: Final = 16
_ORDER: Final = ("status", "lifeline", "stdin", "stdout", "stderr", "bundle")
_PER_RUN: Final = {
    "process namespace": kernel.CLONE_NEWPID,
    "network namespace": kernel.CLONE_NEWNET,
    "IPC namespace": kernel.CLONE_NEWIPC,
    "host name namespace": kernel.CLONE_NEWUTS,
}


class Zygote:
    """What this process could set up for all runs to come."""

    def __init__(self, root: str) -> None:
        self.missing: list[str] = []
        self.flags = 0
        self.ruleset = -1
        kernel.no_new_privileges()
        readable = _readable_paths()
        if self._enter_user_namespace():
            self._change_root(root, readable)
            self._find_flags()
        self._prepare_landlock(readable)
        self.filter = filter_program()
        if self.filter is None or not _survives(partial(apply_filter, self.filter)):
            self.filter = None
            self.missing.append("seccomp filter")

    def _enter_user_namespace(self) -> bool:
        user, group = os.getuid(), os.getgid()
        try:
            kernel.unshare(kernel.CLONE_NEWUSER)
            for name, text in (
                ("setgroups", "deny"),
                ("uid_map", f"{user} {user} 1"),
                ("gid_map", f"{group} {group} 1"),
            ):
                with open(f"/proc/self/{name}", "w") as file:
                    file.write(text)
        except OSError as problem:
            self.missing += [f"user namespace: {problem}", "mount namespace", *_PER_RUN]
            return False
        return True

    def _change_root(self, root: str, readable: list[str]) -> None:
        """Leave everything but the library behind. On failure the old root stays, and Landlock has to hold alone."""
        try:
            kernel.unshare(kernel.CLONE_NEWNS | kernel.CLONE_NEWIPC)
            kernel.mount("", "/", "", kernel.MS_REC | kernel.MS_PRIVATE)
            kernel.mount("root", root, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "size=1m,mode=755")
            for path in readable:
                real = os.path.realpath(path)
                if real != path and os.path.isdir(path):
                    _link(root, path, real)
                if os.path.isdir(real):
                    os.makedirs(root + real, exist_ok=True)
                    kernel.bind_read_only(real, root + real)
            os.mkdir(f"{root}/old")
            kernel.pivot_root(root, f"{root}/old")
            os.chdir("/")
            kernel.detach("/old")
            os.rmdir("/old")
            kernel.mount(
                "", "/", "", kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY | kernel.MS_NOSUID | kernel.MS_NODEV
            )
        except OSError as problem:
            self.missing.append(f"mount namespace: {problem}")

    def _find_flags(self) -> None:
        if _in_child(kernel.CLONE_NEWUSER):
            self.flags = kernel.CLONE_NEWUSER
        else:
            self.missing.append("user namespace of each run")
        for name, flag in _PER_RUN.items():
            if _in_child(self.flags | flag):
                self.flags |= flag
            else:
                self.missing.append(name)

    def _prepare_landlock(self, readable: list[str]) -> None:
        abi = kernel.landlock_abi()
        if abi == 0:
            self.missing.append("Landlock")
            return
        self.ruleset = kernel.landlock_ruleset(path for path in readable if os.path.exists(path))
        if abi < 6:
            self.missing.append(
                f"Landlock of version 6 or later (this is {abi}): networks, signals and abstract sockets"
            )

    def serve(self, orders: socket.socket) -> None:
        """Fork a minder for each order until the station closes the socket."""
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel collects minders
        orders.send(json.dumps({"missing": self.missing}).encode())
        gc.collect()
        gc.freeze()
        while True:
            text, descriptors, _, _ = socket.recv_fds(orders, MESSAGE_BYTES_MAX, DESCRIPTORS_MAX)
            if not text:
                return
            if os.fork() == 0:
                order = json.loads(text)
                _end_after(partial(self._mind, order, descriptors, orders))
            for descriptor in descriptors:
                os.close(descriptor)

    def _mind(self, order: dict[str, Any], descriptors: list[int], orders: socket.socket) -> int:
        """See one run through: confine, start, wait, end it whole, tell."""
        orders.close()
        kernel.die_with_parent(signal.SIGKILL)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        given = dict(zip(_ORDER, descriptors, strict=False))
        files = descriptors[len(_ORDER) :]
        if self.flags & kernel.CLONE_NEWPID == 0:
            kernel.adopt_orphans()
        started = time.monotonic()
        try:
            kernel.unshare(self.flags)
            go_read, go_write = os.pipe()
            child = os.fork()
        except OSError as problem:
            _write(given["status"], {"setup_error": str(problem)})
            return 1
        if child == 0:
            os.close(go_write)
            _end_after(partial(self._become_application, order, given, files, go_read))
        for name in ("stdin", "stdout", "stderr", "bundle"):
            os.close(given[name])
        os.write(go_write, b"g")
        status = _wait(child, given["lifeline"], order["wall_seconds"])
        if self.flags & kernel.CLONE_NEWPID == 0:
            _end_descendants()
        _write(given["status"], status | {"seconds": time.monotonic() - started})
        return 0

    def _become_application(self, order: dict[str, Any], given: dict[str, int], files: list[int], go: int) -> int:
        kernel.die_with_parent(signal.SIGKILL)
        if os.read(go, 1) != b"g":
            return 1  # the minder ended before its end could reach this process
        with open(given["bundle"], "rb") as file:
            file.seek(0)
            data = file.read()
        os.setsid()
        _arrange_descriptors([given["stdin"], given["stdout"], given["stderr"], *files], keep=self.ruleset)
        _limit(order, own_user_namespace=self.flags & kernel.CLONE_NEWUSER != 0)
        if self.ruleset >= 0:
            ruleset = 3 + len(files)
            kernel.landlock_restrict(ruleset)
            os.close(ruleset)
        kernel.drop_capabilities()
        if self.filter is not None:
            apply_filter(self.filter)
        return run_application(data)


def _wait(child: int, lifeline: int, wall_seconds: float) -> dict[str, Any]:
    """Wait for the application's end, its time, or the station's letting go."""
    ended = os.pidfd_open(child)
    waiting = select.poll()
    waiting.register(ended, select.POLLIN)
    waiting.register(lifeline, select.POLLIN | select.POLLHUP)
    ready = [descriptor for descriptor, _ in waiting.poll(int(wall_seconds * 1000))]
    if ended not in ready:
        os.kill(child, signal.SIGKILL)
    _, code, usage = os.wait4(child, 0)
    return {
        "exit": os.WEXITSTATUS(code) if os.WIFEXITED(code) else None,
        "signal": os.WTERMSIG(code) if os.WIFSIGNALED(code) else None,
        "timed_out": not ready,
        "stopped": ended not in ready and lifeline in ready,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "memory_bytes": usage.ru_maxrss * 1024,
    }


def _end_descendants() -> None:
    """Without a process namespace: end whatever the application left, until nothing is left."""
    own = os.getpid()
    for _ in range(10_000):
        with open(f"/proc/{own}/task/{own}/children") as file:
            children = [int(text) for text in file.read().split()]
        for child in children:
            os.kill(child, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _arrange_descriptors(wanted: list[int], *, keep: int) -> None:
    """Make these the descriptors 0, 1, 2, ...; then `keep`; close all others."""
    if keep >= 0:
        wanted = [*wanted, keep]
    moved = [os.dup2(descriptor, 100 + place) for place, descriptor in enumerate(wanted)]
    for place, descriptor in enumerate(moved):
        os.dup2(descriptor, place)
    os.closerange(len(moved), 65_536)


def _limit(order: dict[str, Any], *, own_user_namespace: bool) -> None:
    others = 1 if own_user_namespace else _own_threads() - 1  # the minder; or whatever else this user runs
    processes = order["processes"] + others
    limits = {
        resource.RLIMIT_CPU: order["cpu_seconds"],
        resource.RLIMIT_AS: order["memory_bytes"],
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: 64,
        resource.RLIMIT_NPROC: processes,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
    }
    for name, wanted in limits.items():
        _, hard = resource.getrlimit(name)
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(name, (most, most))


def _own_threads() -> int:
    """How many threads this user runs in this user namespace, as the kernel counts them against the limit."""
    count, user, namespace = 0, os.getuid(), os.stat("/proc/self/ns/user").st_ino
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                if os.stat(f"/proc/{name}").st_uid == user and os.stat(f"/proc/{name}/ns/user").st_ino == namespace:
                    count += len(os.listdir(f"/proc/{name}/task"))
            except OSError:
                continue
    return count


def _readable_paths() -> list[str]:
    """What an application may read: Python's library and the shared libraries under it."""
    paths = [os.path.dirname(os.__file__), "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/share/zoneinfo"]
    return [path for path in paths if os.path.isdir(path)]


def _link(root: str, path: str, real: str) -> None:
    if os.path.islink(path):
        os.makedirs(os.path.dirname(root + path), exist_ok=True)
        os.symlink(real, root + path)


def _in_child(flags: int) -> bool:
    child = os.fork()
    if child == 0:
        try:
            kernel.unshare(flags)
            inner = os.fork()
            if inner == 0:
                os._exit(0)
            os._exit(os.waitpid(inner, 0)[1])
        except OSError:
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0


def _survives(work: Callable[[], object]) -> bool:
    child = os.fork()
    if child == 0:
        _end_after(lambda: int(work() is not None))
    return os.waitpid(child, 0)[1] == 0


def _end_after(work: Callable[[], int]) -> None:
    """The end of a forked process: it never returns into what it was forked from."""
    status = 1
    try:
        status = work()
    finally:
        os._exit(status)


def _write(descriptor: int, value: dict[str, Any]) -> None:
    os.write(descriptor, json.dumps(value).encode())


def main() -> None:
    """Serve the socket whose number is the first argument; the second names an empty folder."""
    orders = socket.socket(fileno=int(sys.argv[1]))
    sys.path[:] = [os.path.dirname(os.__file__), os.path.join(os.path.dirname(os.__file__), "lib-dynload")]
    os.environ.clear()
    for name in _LOADED.split():
        importlib.import_module(name)
    Zygote(sys.argv[2]).serve(orders)


if __name__ == "__main__":
    main()
