"""The ISO 20022 rail: pain.001.001.09 out; pain.002, camt.054 and camt.053 back.

One file is one release: one currency, one debtor account, one payment information block whose id is the message's.
Names travel as UTF-8 in their own script. A Chinese name is a legal name; written in Latin letters it is another one.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from lxml import etree
from stdnum import iban, luhn

from payouts.rails.amounts import write_amount
from payouts.rails.iso20022_answers import parse_answer
from payouts.rails.messages import Answer, Debtor, Transfer, UnpayableTransfer

__all__ = ["Iso20022Rail", "build_payment_file", "parse_answer", "problem"]

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
NAME_LENGTH_MAX = 140
ACCOUNT_LENGTH_MAX = 34
AMOUNT_DIGITS_MAX = 18  # of ActiveOrHistoricCurrencyAndAmount and of the control sum

# The characters every bank takes in a reference; a slash may neither stand at an end nor be doubled.
_REFERENCE = re.compile(r"(?!/)(?!.*//)[A-Za-z0-9+?/:().,' -]{1,35}(?<!/)", re.ASCII)
_BIC = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?", re.ASCII)
_OTHER_ACCOUNT = re.compile(r"[A-Za-z0-9 ./-]{1,34}", re.ASCII)
_CARD = re.compile(r"[0-9]{12,19}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Iso20022Rail:
    """Files in folders, exchanged with any bank that speaks ISO 20022."""

    name: str = "iso20022"
    suffix: str = ".xml"

    def problem(self, transfer: Transfer) -> str | None:
        """See `problem`."""
        return problem(transfer)

    def build(
        self,
        *,
        message_id: str,
        created_at: datetime,
        debtor: Debtor,
        execution_on: date,
        transfers: Sequence[Transfer],
    ) -> bytes:
        """See `build_payment_file`."""
        return build_payment_file(
            message_id=message_id,
            created_at=created_at,
            debtor=debtor,
            execution_on=execution_on,
            transfers=transfers,
        )

    def parse(self, data: bytes) -> Answer:
        """See `parse_answer`."""
        return parse_answer(data)


def build_payment_file(
    *,
    message_id: str,
    created_at: datetime,
    debtor: Debtor,
    execution_on: date,
    transfers: Sequence[Transfer],
) -> bytes:
    """A customer credit transfer initiation (pain.001.001.09) in UTF-8; the same arguments give the same bytes.

    Raises UnpayableTransfer for the first transfer with a `problem`, ValueError for an envelope that is wrong: ids
    outside the characters all banks take, no transfer, two currencies, a reference used twice, a naive time.
    """
    _check_envelope(message_id, created_at, debtor, transfers)
    for transfer in transfers:
        if reason := problem(transfer):
            raise UnpayableTransfer(transfer.end_to_end_id, reason)
    currency = transfers[0].currency
    count = str(len(transfers))
    total = write_amount(sum(transfer.amount_minor for transfer in transfers), currency)
    document = etree.Element(_tag("Document"), nsmap={None: NAMESPACE})  # type: ignore[dict-item]  # the stubs forget the default namespace
    initiation = _add(document, "CstmrCdtTrfInitn")
    header = _add(initiation, "GrpHdr")
    _add(header, "MsgId", message_id)
    _add(header, "CreDtTm", created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    _add(header, "NbOfTxs", count)
    _add(header, "CtrlSum", total)
    _add(_add(header, "InitgPty"), "Nm", debtor.name)
    block = _add(initiation, "PmtInf")
    _add(block, "PmtInfId", message_id)
    _add(block, "PmtMtd", "TRF")
    _add(block, "BtchBookg", "false")  # booked one by one, so that each can be confirmed by itself
    _add(block, "NbOfTxs", count)
    _add(block, "CtrlSum", total)
    _add(_add(block, "ReqdExctnDt"), "Dt", execution_on.isoformat())
    _add_debtor(block, debtor, currency)
    _add(block, "ChrgBr", "SLEV" if currency == "EUR" else "DEBT")  # a holder receives the face value whole
    for transfer in transfers:
        _add_transfer(block, transfer)
    return etree.tostring(document, encoding="UTF-8", xml_declaration=True)


def problem(transfer: Transfer) -> str | None:
    """Why a bank could not take this transfer, as a stable code; None if nothing is known against it.

    Codes: bad_reference, bad_amount, name_missing, name_too_long, name_characters, bank_too_long, bank_characters,
    remittance_too_long, remittance_characters, account_iban, account_card, account_other.
    """
    if not _REFERENCE.fullmatch(transfer.end_to_end_id):
        return "bad_reference"
    if not _is_payable(transfer.amount_minor, transfer.currency):
        return "bad_amount"
    if not transfer.payee_name.strip():
        return "name_missing"
    texts = {"name": transfer.payee_name, "bank": transfer.bank_name, "remittance": transfer.remittance}
    for part, text in texts.items():
        if len(text) > NAME_LENGTH_MAX:
            return f"{part}_too_long"
        if not _is_writable(text):
            return f"{part}_characters"
    return _account_problem(transfer)


def _account_problem(transfer: Transfer) -> str | None:
    number = transfer.account_number
    if transfer.account_kind == "iban":
        return None if iban.is_valid(number, check_country=False) else "account_iban"
    if transfer.account_kind == "cn_card":
        compact = _compact(number)
        return None if _CARD.fullmatch(compact) and luhn.is_valid(compact) else "account_card"
    return None if _OTHER_ACCOUNT.fullmatch(number) and number.strip() else "account_other"


def _is_payable(amount_minor: int, currency: str) -> bool:
    if amount_minor <= 0:
        return False
    try:
        return len(write_amount(amount_minor, currency)) < AMOUNT_DIGITS_MAX
    except ValueError:
        return False


def _is_writable(text: str) -> bool:
    """Whether XML carries the text as one line.

    Letters that this Python's Unicode tables do not know yet are let through: there are names among them.
    """
    return not any(unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} or char in "\ufffe\uffff" for char in text)


def _check_envelope(message_id: str, created_at: datetime, debtor: Debtor, transfers: Sequence[Transfer]) -> None:
    if not _REFERENCE.fullmatch(message_id):
        raise ValueError("message_id: 1 to 35 characters that every bank takes")
    if created_at.tzinfo is None:
        raise ValueError("created_at: needs a time zone")
    if not (debtor.name.strip() and len(debtor.name) <= NAME_LENGTH_MAX and _is_writable(debtor.name)):
        raise ValueError("debtor.name: 1 to 140 printable characters")
    if not transfers:
        raise ValueError("transfers: a file without payments is refused by every bank")
    if len({transfer.currency for transfer in transfers}) > 1:
        raise ValueError("transfers: one currency a file")
    if len({transfer.end_to_end_id for transfer in transfers}) < len(transfers):
        raise ValueError("transfers: a reference stands twice")


def _add_debtor(block: etree._Element, debtor: Debtor, currency: str) -> None:
    _add(_add(block, "Dbtr"), "Nm", debtor.name)
    account = _add(block, "DbtrAcct")
    if iban.is_valid(debtor.account, check_country=False):
        _add(_add(account, "Id"), "IBAN", iban.compact(debtor.account))
    else:
        _add(_add(_add(account, "Id"), "Othr"), "Id", debtor.account)
    _add(account, "Ccy", currency)
    bank = _add(_add(block, "DbtrAgt"), "FinInstnId")
    if _BIC.fullmatch(debtor.agent):
        _add(bank, "BICFI", debtor.agent)
    else:
        _add(_add(bank, "Othr"), "Id", debtor.agent)


def _add_transfer(block: etree._Element, transfer: Transfer) -> None:
    node = _add(block, "CdtTrfTxInf")
    _add(_add(node, "PmtId"), "EndToEndId", transfer.end_to_end_id)
    amount = _add(_add(node, "Amt"), "InstdAmt", write_amount(transfer.amount_minor, transfer.currency))
    amount.set("Ccy", transfer.currency)
    if transfer.bank_name.strip():
        _add(_add(_add(node, "CdtrAgt"), "FinInstnId"), "Nm", transfer.bank_name)
    _add(_add(node, "Cdtr"), "Nm", transfer.payee_name)
    account = _add(_add(node, "CdtrAcct"), "Id")
    if transfer.account_kind == "iban":
        _add(account, "IBAN", iban.compact(transfer.account_number))
    else:
        other = _add(account, "Othr")
        if transfer.account_kind == "cn_card":
            _add(other, "Id", _compact(transfer.account_number))
            _add(_add(other, "SchmeNm"), "Prtry", "CARD")
        else:
            _add(other, "Id", transfer.account_number)
            _add(_add(other, "SchmeNm"), "Cd", "BBAN")
    if transfer.remittance.strip():
        _add(_add(node, "RmtInf"), "Ustrd", transfer.remittance)


def _compact(number: str) -> str:
    return number.replace(" ", "").replace("-", "")


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _add(parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
    node = etree.SubElement(parent, _tag(name))
    node.text = text
    return node
