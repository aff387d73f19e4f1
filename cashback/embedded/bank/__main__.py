"""The bank's process: one per folder, until SIGTERM or Ctrl-C."""

import fcntl
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence

from cashback.embedded.bank.office import Office
from cashback.embedded.bank.options import Options, read_options
from cashback.embedded.bank.post import prepare_keys


def main(arguments: Sequence[str]) -> int:
    """Run the bank; 0 after a clean stop, 1 if another process already runs it."""
    options = read_options(arguments)
    options.dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    if options.prepare:
        print(prepare_keys(options).to_public())
        return 0
    lock = os.open(options.dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print(f"another process runs the bank in {options.dir}", file=sys.stderr)
        return 1
    _run(options)
    return 0


def _run(options: Options) -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    office = Office(options, say=lambda text: print(text, flush=True))
    print(f"the bank is open: it takes from {options.outbox} and answers to {options.inbox}", flush=True)
    try:
        while not stop.is_set():
            office.step(time.time())
            stop.wait(max(options.interval_seconds, 0.02))
    finally:
        office.close()
    print("the bank is closed", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
