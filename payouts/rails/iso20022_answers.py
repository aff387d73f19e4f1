"""Reading what a bank sends back: pain.002 (status), camt.054 (booking notices) and camt.053 (statements).

A bank's file is foreign input that happens to carry money. It is read without document type, entities or network,
within a size, and refused whole at the first thing that is not as the standard says: half an answer is none. All
versions are read by the names of their elements, which have not changed their meaning since pain.002.001.03 and
camt.054.001.02. Names, accounts and free text are never read.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime
from itertools import chain

from lxml import etree

from payouts.rails.amounts import read_amount
from payouts.rails.messages import Answer, AnswerKind, Direction, Line, UnreadableAnswer

SIZE_BYTES_MAX = 16 * 1024 * 1024
LINES_MAX = 50_000

_NAMESPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:(pain\.002|camt\.053|camt\.054)\.001\.[0-9]{2}", re.ASCII)
_BODIES: dict[str, AnswerKind] = {
    "CstmrPmtStsRpt": "pain.002",
    "BkToCstmrStmt": "camt.053",
    "BkToCstmrDbtCdtNtfctn": "camt.054",
}
_STATUS = re.compile(r"[A-Z]{4}", re.ASCII)
# A code of the external lists, or a bank's own that is a code: some write names or accounts there.
_REASON = re.compile(r"[A-Z]{1,4}|(?=[A-Z_-]*[0-9])[A-Z0-9_-]{1,8}", re.ASCII)
_OWN_REASON = "OWN"  # a bank's own reason, in words that are not kept
_NOT_PROVIDED = "NOTPROVIDED"  # what ISO 20022 puts where nobody gave an end-to-end reference
_DIRECTIONS: dict[str, Direction] = {"DBIT": "debit", "CRDT": "credit"}


def parse_answer(data: bytes) -> Answer:
    """What a decrypted answer of the bank says.

    Raises UnreadableAnswer with a reason: empty, too_large, not_xml (also truncated), forbidden_dtd, foreign (no
    message that a bank answers with), missing_field, bad_field, bad_amount. Its text never quotes the file.
    """
    root = _parse_xml(data)
    match = _NAMESPACE.fullmatch(etree.QName(root).namespace or "")
    children = list(root)
    kind = _BODIES.get(etree.QName(children[0]).localname) if len(children) == 1 else None
    if kind is None or not match or etree.QName(root).localname != "Document" or kind != match.group(1):
        raise UnreadableAnswer("foreign", "not a payment status report, booking notice or statement")
    body = children[0]
    message_id = _required(body, "GrpHdr/MsgId")
    original = _text(body, "OrgnlGrpInfAndSts/OrgnlMsgId") if kind == "pain.002" else None
    if kind == "pain.002" and original is None:
        raise UnreadableAnswer("missing_field", "OrgnlGrpInfAndSts/OrgnlMsgId")
    lines = []
    for line in _status_lines(body, original) if kind == "pain.002" else _entry_lines(body):
        lines.append(line)
        if len(lines) > LINES_MAX:
            raise UnreadableAnswer("too_large", "more lines than one file may have")
    return Answer(kind=kind, message_id=message_id, original_message_id=original, lines=tuple(lines))


def _parse_xml(data: bytes) -> etree._Element:
    if not data.strip():
        raise UnreadableAnswer("empty", "no content")
    if len(data) > SIZE_BYTES_MAX:
        raise UnreadableAnswer("too_large", f"more than {SIZE_BYTES_MAX} bytes")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        recover=False,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        # The parser's own words quote the file: they must reach no log, not even as the cause.
        raise UnreadableAnswer("not_xml", "malformed or cut short") from None
    if root.getroottree().docinfo.internalDTD is not None or root.getroottree().docinfo.externalDTD is not None:
        raise UnreadableAnswer("forbidden_dtd", "a document type has no place in a payment message")
    return root


def _status_lines(body: etree._Element, original: str | None) -> Iterator[Line]:
    """The transactions; the whole message only where the bank names none of them.

    Where it names some, the others stay undecided, even under a refused group: to pay twice is worse than to ask.
    """
    group = _find(body, "OrgnlGrpInfAndSts")
    assert group is not None
    group_status = _status(group, "GrpSts")
    said_of_transactions = False
    blocks = _all(body, "OrgnlPmtInfAndSts")
    for block in blocks:
        block_status = _status(block, "PmtInfSts")
        for node in _all(block, "TxInfAndSts"):
            said_of_transactions = True
            yield _transaction_line(
                node, _status(node, "TxSts") or block_status or group_status, block, group, original
            )
    for node in _all(body, "TxInfAndSts"):  # pain.002.001.02 has them beside the group
        said_of_transactions = True
        yield _transaction_line(node, _status(node, "TxSts") or group_status, group, group, original)
    if not said_of_transactions:
        statuses = [(group, group_status), *((block, _status(block, "PmtInfSts")) for block in blocks)]
        spoken = [(node, status) for node, status in statuses if status is not None]
        if not spoken:
            raise UnreadableAnswer("missing_field", "a status of group, payment or transaction")
        for node, status in spoken:
            if status != "PART":
                yield _whole_message_line(node, status, original)


def _transaction_line(
    node: etree._Element, status: str | None, block: etree._Element, group: etree._Element, original: str | None
) -> Line:
    if status is None:
        raise UnreadableAnswer("missing_field", "TxInfAndSts/TxSts")
    reference = _reference(_required(node, "OrgnlEndToEndId"))
    if reference is None:  # a payment that the bank cannot name does not speak for the whole message
        raise UnreadableAnswer("missing_field", "TxInfAndSts/OrgnlEndToEndId")
    amount_minor, currency = _amount(_find(node, "OrgnlTxRef/Amt/InstdAmt"))
    return Line(
        end_to_end_id=reference,
        status=status,
        amount_minor=amount_minor,
        currency=currency,
        reason_code=_reason(node, "StsRsnInf") or _reason(block, "StsRsnInf") or _reason(group, "StsRsnInf"),
        entry_reference=_text(node, "AcctSvcrRef"),
        original_message_id=original,
    )


def _whole_message_line(node: etree._Element, status: str, original: str | None) -> Line:
    return Line(end_to_end_id=None, status=status, reason_code=_reason(node, "StsRsnInf"), original_message_id=original)


def _entry_lines(body: etree._Element) -> Iterator[Line]:
    notices = _all(body, "Ntfctn") + _all(body, "Stmt")
    if not notices:
        raise UnreadableAnswer("missing_field", "Ntfctn or Stmt")
    return chain.from_iterable(_lines_of_entry(entry) for notice in notices for entry in _all(notice, "Ntry"))


def _lines_of_entry(entry: etree._Element) -> Iterator[Line]:
    """An entry is one booking; a batch entry is one booking of many transactions, each a line of its own."""
    total_minor, currency = _amount(_find(entry, "Amt"), needed=True)
    status = _text(entry, "Sts/Cd") or _text(entry, "Sts")
    if status is None:
        raise UnreadableAnswer("missing_field", "Ntry/Sts")
    booked_on = _day(entry, "BookgDt") or _day(entry, "ValDt")
    if status == "BOOK" and booked_on is None:
        raise UnreadableAnswer("missing_field", "Ntry/BookgDt")
    details = [node for part in _all(entry, "NtryDtls") for node in _all(part, "TxDtls")]
    entry_reference = _text(entry, "AcctSvcrRef") or _text(entry, "NtryRef")
    lines = []
    for node in details or [entry]:
        amount_minor, own_currency = _own_amount(node) if details else (None, None)
        if amount_minor is None and len(details) > 1:
            raise UnreadableAnswer("missing_field", "TxDtls/Amt of a batch entry")
        lines.append(
            Line(
                end_to_end_id=_reference(_text(node, "Refs/EndToEndId")),
                status=status,
                booked=status == "BOOK",
                direction=_direction(node) if _find(node, "CdtDbtInd") is not None else _direction(entry),
                amount_minor=total_minor if amount_minor is None else amount_minor,
                currency=own_currency or currency,
                reason_code=_reason(node, "RtrInf"),
                booked_on=booked_on,
                entry_reference=_text(node, "Refs/AcctSvcrRef") or entry_reference,
                original_message_id=_text(node, "Refs/MsgId") or _text(entry, "NtryDtls/Btch/MsgId"),
            )
        )
    if len(lines) > 1 and _find(entry, "Chrgs") is None:
        _check_total(lines, total_minor, currency, _direction(entry))
    return iter(lines)


def _own_amount(node: etree._Element) -> tuple[int | None, str | None]:
    own = _find(node, "Amt")
    return _amount(own if own is not None else _find(node, "AmtDtls/TxAmt/Amt"))  # the latter before camt.054.001.03


def _check_total(lines: list[Line], total_minor: int | None, currency: str | None, direction: Direction) -> None:
    if any(line.currency != currency for line in lines):
        return
    signed = sum((line.amount_minor or 0) * (1 if line.direction == direction else -1) for line in lines)
    if signed != total_minor:
        raise UnreadableAnswer("bad_amount", "a batch entry's transactions do not add up to it")


def _direction(node: etree._Element) -> Direction:
    direction = _DIRECTIONS.get(_required(node, "CdtDbtInd"))
    if direction is None:
        raise UnreadableAnswer("bad_field", "CdtDbtInd")
    return direction


def _amount(node: etree._Element | None, *, needed: bool = False) -> tuple[int | None, str | None]:
    if node is None:
        if needed:
            raise UnreadableAnswer("missing_field", "Amt")
        return None, None
    currency = node.get("Ccy", "")
    try:
        amount_minor = read_amount((node.text or "").strip(), currency)
    except ValueError:
        raise UnreadableAnswer("bad_amount", "an amount or its currency") from None
    if amount_minor == 0:
        raise UnreadableAnswer("bad_amount", "an amount of nothing")
    return amount_minor, currency


def _day(node: etree._Element, path: str) -> date | None:
    text = _text(node, f"{path}/Dt") or _text(node, f"{path}/DtTm")
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).date() if "T" in text else date.fromisoformat(text[:10])
    except ValueError:
        raise UnreadableAnswer("bad_field", path) from None


def _status(node: etree._Element, name: str) -> str | None:
    text = _text(node, name)
    if text is not None and not _STATUS.fullmatch(text):
        raise UnreadableAnswer("bad_field", name)
    return text


def _reason(node: etree._Element, path: str) -> str | None:
    reason = _text(node, f"{path}/Rsn/Cd") or _text(node, f"{path}/Rsn/Prtry")
    return reason if reason is None or _REASON.fullmatch(reason) else _OWN_REASON


def _reference(text: str | None) -> str | None:
    return None if text in {None, _NOT_PROVIDED} else text


def _required(node: etree._Element, path: str) -> str:
    text = _text(node, path)
    if text is None:
        raise UnreadableAnswer("missing_field", path)
    return text


def _text(node: etree._Element, path: str) -> str | None:
    """The trimmed text at `path`; None if empty. No reference or code of these messages has more than 35 characters."""
    found = _find(node, path)
    if found is None:
        return None
    text = (found.text or "").strip()
    if len(text) > 35:
        raise UnreadableAnswer("bad_field", path)
    return text or None


def _find(node: etree._Element, path: str) -> etree._Element | None:
    namespace = etree.QName(node).namespace
    return node.find("/".join(f"{{{namespace}}}{name}" for name in path.split("/")))


def _all(node: etree._Element, name: str) -> list[etree._Element]:
    return node.findall(f"{{{etree.QName(node).namespace}}}{name}")
