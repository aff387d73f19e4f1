"""A base station: `python -m cashback.control.station --config FILE --dir DIR [--listen ADDRESS] ...`."""

import argparse
import logging
import os
import sys
import warnings
from pathlib import Path

from celery.exceptions import CPendingDeprecationWarning

from cashback.control.protocol.envelopes import fingerprint
from cashback.control.station.configuration import (
    WrongConfiguration,
    key_file,
    own_folder,
    own_key,
    read_configuration,
)
from cashback.control.station.confinement import kernel
from cashback.control.station.confinement.probing import probe
from cashback.control.station.confinement.runner import Limits, Runner
from cashback.control.station.copies import Copies
from cashback.control.station.enrolling import Announcer
from cashback.control.station.inputs import Inputs
from cashback.control.station.journal import Journal
from cashback.control.station.listening import Listener
from cashback.control.station.reporting import Outbox
from cashback.control.station.running import Runs
from cashback.control.station.station import Parts, Station
from cashback.control.station.worker import make_app, work

log = logging.getLogger("cashback.control.station")


def main() -> int:
    """Run a station until SIGTERM or SIGINT; then finish what runs."""
    options = _options()
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO, stream=sys.stderr)
    logging.getLogger("kombu").setLevel(logging.WARNING)
    warnings.simplefilter("ignore", CPendingDeprecationWarning)  # Celery's, at every loss of the broker
    if os.getuid() == 0 and not options.allow_unconfined:
        print(  # noqa: T201
            "cashback station: does not run as root, whose applications no limit holds;\n"
            "start it as an unprivileged user (setpriv --reuid=... --regid=... --clear-groups).",
            file=sys.stderr,
        )
        return 2
    try:
        os.umask(0o077)
        return _serve(options)
    except WrongConfiguration as problem:
        print(f"cashback station: {problem}", file=sys.stderr)  # noqa: T201
        return 2


def _serve(options: argparse.Namespace) -> int:
    configuration = read_configuration(options.config)
    token = _token(options) if options.listen else None
    folder: Path = options.dir.resolve()
    lock = own_folder(folder)
    signer = own_key(folder)
    kernel.hide_memory()
    print(f"cashback station {configuration.name}: key {fingerprint(signer.public_key)}", flush=True)  # noqa: T201
    runner = Runner(folder)
    confinement = probe(runner, folder=folder, secrets=[key_file(folder), options.config.resolve()])
    print(f"cashback station {configuration.name}: confinement {confinement.level}", flush=True)  # noqa: T201
    for missing in confinement.missing:
        print(f"  missing: {missing}", flush=True)  # noqa: T201
    journal = Journal(folder / "journal.sqlite")
    copies = Copies(folder / "copies", centre_url=configuration.centre_url, centre_keys=configuration.centre_keys)
    inputs = Inputs(folder / "inputs", centre_url=configuration.centre_url)
    runs = Runs(copies=copies, inputs=inputs, runner=runner, limits=Limits(wall_seconds=options.run_seconds))
    station = Station(
        Parts(
            configuration=configuration,
            signer=signer,
            journal=journal,
            copies=copies,
            runs=runs,
            confinement=confinement,
            allow_unconfined=options.allow_unconfined,
        )
    )
    app = make_app(configuration)
    outbox = Outbox(journal, app)
    announcer = Announcer(configuration=configuration, signer=signer, journal=journal)
    listener = None
    if options.listen:
        listener = Listener(station, address=options.listen, token=token)
        print(f"cashback station {configuration.name}: listens on port {listener.port}", flush=True)  # noqa: T201
        listener.start()
    outbox.start()
    station.start(wake=outbox.wake)
    announcer.start()
    print(f"cashback station {configuration.name}: ready", flush=True)  # noqa: T201
    try:
        work(app, station)
    finally:
        announcer.stop()
        if listener is not None:
            listener.stop()
        station.close(timeout_seconds=options.drain_seconds)
        outbox.stop(timeout_seconds=5)
        runner.close()
        journal.close()
        os.close(lock)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m cashback.control.station", description="A base station.")
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help="what enroll_station wrote")
    parser.add_argument("--dir", type=Path, required=True, help="the station's own folder: key, journal, copies")
    parser.add_argument("--listen", metavar="ADDRESS", help="serve its own clients here, as host:port")
    parser.add_argument("--token-file", type=Path, metavar="FILE", help="clients have to send this file's token")
    parser.add_argument("--allow-unconfined", action="store_true", help="run applications although nothing holds them")
    parser.add_argument("--run-seconds", type=float, default=60.0, help="the longest run, where a run names no time")
    parser.add_argument("--drain-seconds", type=float, default=30.0, help="how long runs may go on after SIGTERM")
    return parser.parse_args()


def _token(options: argparse.Namespace) -> str | None:
    if options.token_file is None:
        if not options.listen.startswith(("127.", "localhost:", "[::1]:")):
            raise WrongConfiguration("--listen beyond this machine needs a --token-file")
        return None
    try:
        token: str = options.token_file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as problem:
        raise WrongConfiguration(f"{options.token_file}: {problem}") from None
    if len(token) < 16:
        raise WrongConfiguration(f"{options.token_file} holds fewer than 16 characters")
    return token


if __name__ == "__main__":
    sys.exit(main())
