"""What the bank writes: pain.002.001.10 (status) and camt.054.001.08 (bookings), without a payee's name or account."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from lxml import etree

STATUS_REPORT = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"
NOTICE = "urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"


@dataclass(frozen=True, slots=True)
class Head:
    """The order that a letter speaks of."""

    message_id: str
    message_name: str
    payment_block: str
    debtor_account: str


@dataclass(frozen=True, slots=True)
class Status:
    """What a status report says of one payment."""

    end_to_end_id: str
    status: str
    reason: str | None
    amount: str
    currency: str


@dataclass(frozen=True, slots=True)
class Booking:
    """One booked payment, or its return if there is a reason."""

    end_to_end_id: str
    amount: str
    currency: str
    reference: str
    reason: str | None = None


def status_report(letter_id: str, now: float, head: Head, statuses: Sequence[Status]) -> bytes:
    """A pain.002 about payments one by one."""
    names = {status.status for status in statuses}
    document, report = _status_report(letter_id, now, head, names.pop() if len(names) == 1 else "PART", None)
    block = _add(report, "OrgnlPmtInfAndSts")
    _add(block, "OrgnlPmtInfId", head.payment_block)
    for status in statuses:
        node = _add(block, "TxInfAndSts")
        _add(node, "OrgnlEndToEndId", status.end_to_end_id)
        _add(node, "TxSts", status.status)
        _add_reason(node, "StsRsnInf", status.reason)
        amount = _add(_add(_add(node, "OrgnlTxRef"), "Amt"), "InstdAmt", status.amount)
        amount.set("Ccy", status.currency)
    return _write(document)


def refusal(letter_id: str, now: float, head: Head, reason: str) -> bytes:
    """A pain.002 that refuses a whole message: unreadable in parts, or seen before (DU01)."""
    return _write(_status_report(letter_id, now, head, "RJCT", reason)[0])


def notice(letter_id: str, now: float, head: Head, bookings: Sequence[Booking], *, as_batch: bool) -> bytes:
    """A camt.054: each booking an entry of its own, or all of them one batch entry."""
    document = _document(NOTICE)
    body = _add(document, "BkToCstmrDbtCdtNtfctn")
    _add_header(body, letter_id, now)
    page = _add(body, "Ntfctn")
    _add(page, "Id", letter_id)
    _add(page, "CreDtTm", _time(now))
    _add_account(page, head.debtor_account)
    groups = [list(bookings)] if as_batch else [[booking] for booking in bookings]
    for number, group in enumerate(groups, 1):
        _add_entry(page, number, now, head, group)
    return _write(document)


def _status_report(
    letter_id: str, now: float, head: Head, group_status: str, reason: str | None
) -> tuple[etree._Element, etree._Element]:
    document = _document(STATUS_REPORT)
    report = _add(document, "CstmrPmtStsRpt")
    _add_header(report, letter_id, now)
    group = _add(report, "OrgnlGrpInfAndSts")
    _add(group, "OrgnlMsgId", head.message_id)
    _add(group, "OrgnlMsgNmId", head.message_name)
    _add(group, "GrpSts", group_status)
    _add_reason(group, "StsRsnInf", reason)
    return document, report


def _add_entry(page: etree._Element, number: int, now: float, head: Head, group: Sequence[Booking]) -> None:
    first = group[0]
    entry = _add(page, "Ntry")
    _add(entry, "NtryRef", str(number))
    total = sum(Decimal(booking.amount) for booking in group)
    _add(entry, "Amt", f"{total:f}").set("Ccy", first.currency)
    direction = "CRDT" if first.reason else "DBIT"
    _add(entry, "CdtDbtInd", direction)
    _add(_add(entry, "Sts"), "Cd", "BOOK")
    for name in ("BookgDt", "ValDt"):
        _add(_add(entry, name), "Dt", datetime.fromtimestamp(now, UTC).date().isoformat())
    _add(entry, "AcctSvcrRef", first.reference)
    domain = _add(_add(entry, "BkTxCd"), "Domn")
    _add(domain, "Cd", "PMNT")
    family = _add(domain, "Fmly")
    _add(family, "Cd", "ICDT")
    _add(family, "SubFmlyCd", "RRTN" if first.reason else "DMCT")
    details = _add(entry, "NtryDtls")
    if len(group) > 1:
        batch = _add(details, "Btch")
        _add(batch, "MsgId", head.message_id)
        _add(batch, "NbOfTxs", str(len(group)))
    for booking in group:
        node = _add(details, "TxDtls")
        references = _add(node, "Refs")
        _add(references, "MsgId", head.message_id)
        _add(references, "AcctSvcrRef", booking.reference)
        _add(references, "PmtInfId", head.payment_block)
        _add(references, "EndToEndId", booking.end_to_end_id)
        _add(node, "Amt", booking.amount).set("Ccy", booking.currency)
        _add(node, "CdtDbtInd", direction)
        _add_reason(node, "RtrInf", booking.reason)


def _add_account(page: etree._Element, account: str) -> None:
    identification = _add(_add(page, "Acct"), "Id")
    if re.fullmatch(r"[A-Z]{2}[0-9]{2}[A-Za-z0-9]{11,30}", account):
        _add(identification, "IBAN", account)
    else:
        _add(_add(identification, "Othr"), "Id", account or "UNKNOWN")


def _add_reason(node: etree._Element, name: str, reason: str | None) -> None:
    if reason is not None:
        _add(_add(_add(node, name), "Rsn"), "Cd", reason)


def _add_header(body: etree._Element, letter_id: str, now: float) -> None:
    header = _add(body, "GrpHdr")
    _add(header, "MsgId", letter_id)
    _add(header, "CreDtTm", _time(now))


def _time(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _document(namespace: str) -> etree._Element:
    nsmap = {None: namespace}
    return etree.Element(f"{{{namespace}}}Document", nsmap=nsmap)  # type: ignore[arg-type]


def _add(parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
    node = etree.SubElement(parent, f"{{{etree.QName(parent).namespace}}}{name}")
    node.text = text
    return node


def _write(document: etree._Element) -> bytes:
    return etree.tostring(document, encoding="UTF-8", xml_declaration=True)
