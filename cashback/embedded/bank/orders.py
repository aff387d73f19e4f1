"""Reading a customer's payment file (pain.001). The bank knows the standard, not the program that wrote the file."""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from lxml import etree
from stdnum import iban, luhn

BYTES_MAX = 64 * 1024 * 1024
_NAMESPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:pain\.001\.001\.[0-9]{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Payment:
    """One credit transfer. The payee's account is used to decide and is not kept."""

    end_to_end_id: str
    amount: str
    currency: str
    account: str
    account_is_right: bool


@dataclass(frozen=True, slots=True)
class Order:
    """One file: who pays, and the transfers. `fault` is the reason why the whole file is refused."""

    message_id: str
    message_name: str
    payment_block: str
    debtor_account: str
    fault: str | None
    payments: tuple[Payment, ...]


class NotAnOrder(Exception):
    """The file says not even which message it is, so that nobody could be answered."""


def read_order(data: bytes) -> Order:
    """The order in a decrypted file. Raises NotAnOrder; every other fault is in the order itself."""
    root = _parse(data)
    namespace = etree.QName(root).namespace or ""
    body = _find(root, "CstmrCdtTrfInitn")
    message_id = None if body is None else _text(body, "GrpHdr/MsgId")
    if not _NAMESPACE.fullmatch(namespace) or body is None or message_id is None or len(message_id) > 35:
        raise NotAnOrder("no credit transfer initiation with an id")
    blocks = _all(body, "PmtInf")
    payments: list[Payment] = []
    fault = None if blocks else "FF01"
    for block in blocks:
        for node in _all(block, "CdtTrfTxInf"):
            payment = _payment(node)
            if payment is None:
                fault = "FF01"
            else:
                payments.append(payment)
    return Order(
        message_id=message_id,
        message_name=namespace.rpartition(":")[2],
        payment_block=(_text(blocks[0], "PmtInfId") if blocks else None) or message_id,
        debtor_account=_account(blocks[0], "DbtrAcct")[0] if blocks else "",
        fault=fault or _count_fault(body, payments),
        payments=tuple(payments),
    )


def _parse(data: bytes) -> etree._Element:
    if len(data) > BYTES_MAX:
        raise NotAnOrder("too large")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise NotAnOrder("malformed") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise NotAnOrder("a document type")
    return root


def _payment(node: etree._Element) -> Payment | None:
    reference = _text(node, "PmtId/EndToEndId")
    amount = _find(node, "Amt/InstdAmt")
    account, is_right = _account(node, "CdtrAcct")
    if reference is None or len(reference) > 35 or amount is None or not account or _text(node, "Cdtr/Nm") is None:
        return None
    try:
        value = Decimal((amount.text or "").strip())
    except InvalidOperation:
        return None
    currency = amount.get("Ccy", "")
    if not (value.is_finite() and value > 0 and re.fullmatch(r"[A-Z]{3}", currency)):
        return None
    return Payment(reference, f"{value:f}", currency, account, is_right)


def _account(node: etree._Element, path: str) -> tuple[str, bool]:
    """The account's number, and whether its check digits are right where it has any."""
    number = _text(node, f"{path}/Id/IBAN")
    if number is not None:
        return number, iban.is_valid(number, check_country=False)
    number = _text(node, f"{path}/Id/Othr/Id") or ""
    is_card = _text(node, f"{path}/Id/Othr/SchmeNm/Prtry") == "CARD"
    return number, luhn.is_valid(number) if is_card else bool(number)


def _count_fault(body: etree._Element, payments: list[Payment]) -> str | None:
    """ISO's reason for counts and sums that are not those of the transfers."""
    if _text(body, "GrpHdr/NbOfTxs") != str(len(payments)):
        return "AM19"
    if not payments:
        return "FF01"
    written = _text(body, "GrpHdr/CtrlSum")
    if written is None:
        return None
    try:
        same = Decimal(written) == sum(Decimal(payment.amount) for payment in payments)
    except InvalidOperation:
        return "FF01"
    return None if same else "AM16"


def _text(node: etree._Element, path: str) -> str | None:
    found = _find(node, path)
    return None if found is None else (found.text or "").strip() or None


def _find(node: etree._Element, path: str) -> etree._Element | None:
    namespace = etree.QName(node).namespace
    return node.find("/".join(f"{{{namespace}}}{name}" for name in path.split("/")))


def _all(node: etree._Element, name: str) -> list[etree._Element]:
    return node.findall(f"{{{etree.QName(node).namespace}}}{name}")
