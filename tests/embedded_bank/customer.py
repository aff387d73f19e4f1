"""A customer of the simulated bank: its folders, its keys, and the product's own rail to talk to it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from stdnum import luhn

from cashback.embedded.bank.options import Options
from payouts.rails.files import decrypt_incoming, read_incoming, write_outgoing
from payouts.rails.iso20022 import build_payment_file
from payouts.rails.iso20022_answers import parse_answer
from payouts.rails.messages import Answer, Debtor, Line, Transfer
from tests.iso_shape import assert_valid

PAYEE = "张三丰"


def card_ending(digits: str, number: int = 0) -> str:
    """A card number with right check digits that ends in the four digits given."""
    candidates = (f"62220200{number:05d}{middle}0{digits}" for middle in range(10))
    return next(candidate for candidate in candidates if luhn.is_valid(candidate))


def payment_file(message_id: str, accounts: Sequence[str], references: Sequence[str]) -> bytes:
    """An order paying 1.00 to each account."""
    return build_payment_file(
        message_id=message_id,
        created_at=datetime(2026, 3, 1, tzinfo=UTC),
        debtor=Debtor("示例商贸有限公司", "DE89370400440532013000", "COBADEFFXXX"),
        execution_on=date(2026, 3, 1),
        transfers=[
            Transfer(reference, 100, "CNY", PAYEE, "cn_card", account)
            for reference, account in zip(references, accounts, strict=True)
        ],
    )


@dataclass
class Customer:
    """Writes orders, reads answers."""

    options: Options
    identity_file: Path
    answers: list[tuple[str, Answer]] = field(default_factory=list)

    def order(self, message_id: str, *accounts: str) -> list[str]:
        """Leave an order; returns its references."""
        references = [f"{message_id}-{number}" for number in range(len(accounts))]
        self.leave(f"{message_id}.xml", payment_file(message_id, accounts, references))
        return references

    def leave(self, name: str, data: bytes) -> None:
        """Leave any file, encrypted to the bank."""
        write_outgoing(self.options.outbox, name, data, self.options.recipient_file)

    def collect(self) -> list[Line]:
        """Take everything out of the inbox; returns all lines ever taken. What the bank writes is valid."""
        for name, data in read_incoming(self.options.inbox):
            content = decrypt_incoming(data, self.identity_file)
            assert_valid(content)
            assert PAYEE.encode() not in content
            self.answers.append((name, parse_answer(content)))
            (self.options.inbox / name).unlink()
        return [line for _, answer in self.answers for line in answer.lines]

    def said(self) -> dict[str | None, list[str]]:
        """What was said of each payment so far, in order."""
        said: dict[str | None, list[str]] = {}
        for line in self.collect():
            said.setdefault(line.end_to_end_id, []).append(line.verdict.value)
        return said
