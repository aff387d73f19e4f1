"""What the simulated bank is told: folders, keys, and how often things go wrong."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

EPILOG = """\
The last four digits of a payee's account decide before the shares do, so that a journey can be told in advance:
  9000 paid, whatever the shares     9014 paid, later returned with AC04 (account closed)
  9001 refused with AC01             9016 paid, later returned with AC06 (account blocked)
  9004 refused with AC04             9020 pending first (PDNG), accepted and booked after --delay-seconds
  9005 refused with BE04             9006 refused with AM04
Everything else follows from --seed and the payment's end-to-end reference alone: the same payment always has the same
fate. Every option may also stand in the --config file, a JSON object; the command line wins.

The bank keeps its data in --dir and nowhere else: keys/ (its identity and its recipient, which is public), received/
(files being read, deleted at once afterwards) and ledger.sqlite (references and amounts, neither names nor payees'
accounts).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """One running bank. Shares are from 0 to 1."""

    dir: Path
    outbox: Path
    inbox: Path
    customer_key: Path
    prepare: bool = False
    refuse: float = 0.05
    returned: float = 0.03
    delay: float = 0.1
    duplicate: float = 0.05
    disorder: float = 0.05
    book_seconds: float = 1.0
    delay_seconds: float = 20.0
    return_seconds: float = 15.0
    interval_seconds: float = 0.5
    seed: str = "1"

    @property
    def identity_file(self) -> Path:
        """The bank's private key."""
        return self.dir / "keys" / "identity.txt"

    @property
    def recipient_file(self) -> Path:
        """The bank's public key, for its customers."""
        return self.dir / "keys" / "recipient.txt"


def read_options(arguments: Sequence[str]) -> Options:
    """The options of a command line. Exits with 2 and the reason if they are wrong."""
    parser = _parser()
    parser.set_defaults(**_read_config(parser, parser.parse_args(arguments).config))
    values = vars(parser.parse_args(arguments))
    del values["config"]
    folder: Path = values["dir"]
    values["outbox"] = values["outbox"] or folder.parent / "bank" / "outbox"
    values["inbox"] = values["inbox"] or folder.parent / "bank" / "inbox"
    values["customer_key"] = values["customer_key"] or folder / "keys" / "customer-recipient.txt"
    if values["refuse"] + values["returned"] + values["delay"] > 1:
        parser.error("--refuse, --return and --delay: at most 1 together")
    return Options(**values)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m cashback.embedded.bank",
        description="A bank for demonstrations and tests. It takes pain.001 files out of a customer's outbox, pays "
        "nobody, and answers with pain.002 and camt.054 in the customer's inbox; both ways encrypted with age.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--dir", type=Path, required=True, help="the bank's own folder")
    parser.add_argument("--outbox", type=Path, help="where the customer leaves files (default: DIR/../bank/outbox)")
    parser.add_argument("--inbox", type=Path, help="where the answers go (default: DIR/../bank/inbox)")
    parser.add_argument(
        "--customer-key", type=Path, help="the customer's recipient (default: DIR/keys/customer-recipient.txt)"
    )
    parser.add_argument("--config", type=Path, help="a JSON object of options; may be missing")
    parser.add_argument("--prepare", action="store_true", help="make the bank's keys, print its recipient and end")
    shares = parser.add_argument_group("shares, from 0 to 1")
    shares.add_argument("--refuse", type=_share, default=0.05, help="payments refused (default 0.05)")
    shares.add_argument(
        "--return", dest="returned", type=_share, default=0.03, help="payments booked and later returned (0.03)"
    )
    shares.add_argument("--delay", type=_share, default=0.1, help="payments pending at first (0.1)")
    shares.add_argument("--duplicate", type=_share, default=0.05, help="answers delivered twice (0.05)")
    shares.add_argument("--disorder", type=_share, default=0.05, help="status reports later than the booking (0.05)")
    times = parser.add_argument_group("seconds")
    times.add_argument("--book-seconds", type=_seconds, default=1.0, help="from taking on to booking (1)")
    times.add_argument("--delay-seconds", type=_seconds, default=20.0, help="until a pending payment is booked (20)")
    times.add_argument("--return-seconds", type=_seconds, default=15.0, help="from a booking to its return (15)")
    times.add_argument(
        "--interval",
        dest="interval_seconds",
        type=_seconds,
        default=0.5,
        help="between two looks into the outbox (0.5)",
    )
    parser.add_argument("--seed", default="1", help="decides, with each payment's reference, what happens to it (1)")
    return parser


def _read_config(parser: argparse.ArgumentParser, path: Path | None) -> dict[str, object]:
    """The file's options by their destinations; values go through the same checks as on the command line."""
    if path is None or not path.exists():
        return {}
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        given = None
    if not isinstance(given, dict):
        parser.error(f"{path}: not a JSON object")
    targets = {option.lstrip("-"): action for action in parser._actions for option in action.option_strings}
    read: dict[str, object] = {}
    for name, value in given.items():
        action = targets.get(str(name).replace("_", "-"))
        if action is None or action.dest in {"config", "help", "prepare"}:
            parser.error(f"{path}: unknown option {name!r}")
        try:
            read[action.dest] = action.type(str(value)) if callable(action.type) else str(value)
        except (ValueError, argparse.ArgumentTypeError) as error:
            parser.error(f"{path}: {name}: {error}")
    return read


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError("a share is from 0 to 1")
    return value


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < 10**6:
        raise argparse.ArgumentTypeError("seconds are not negative")
    return value
