"""Reading a bank's files: what they say, and what is refused whole."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payouts.rails.iso20022_answers import SIZE_BYTES_MAX, parse_answer
from payouts.rails.messages import Line, UnreadableAnswer, Verdict
from payouts.rails.reasons import describe
from tests.iso_shape import assert_valid

PAIN_002 = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"
CAMT_054 = "urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"


def status_report(transactions: str, group: str = "", block: str = "", namespace: str = PAIN_002) -> bytes:
    block_xml = (
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>REL-7</OrgnlPmtInfId>{block}{transactions}</OrgnlPmtInfAndSts>"
        if transactions or block
        else ""
    )
    return (
        f'<Document xmlns="{namespace}"><CstmrPmtStsRpt><GrpHdr><MsgId>B-1</MsgId><CreDtTm>2026-03-02T09:00:00Z'
        f"</CreDtTm></GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>REL-7</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09"
        f"</OrgnlMsgNmId>{group}</OrgnlGrpInfAndSts>{block_xml}</CstmrPmtStsRpt></Document>"
    ).encode()


def status(reference: str, code: str, reason: str = "") -> str:
    reason_xml = (
        f"<StsRsnInf><Rsn><Cd>{reason}</Cd></Rsn><AddtlInf>张三 unknown</AddtlInf></StsRsnInf>" if reason else ""
    )
    return (
        f"<TxInfAndSts><OrgnlEndToEndId>{reference}</OrgnlEndToEndId><TxSts>{code}</TxSts>{reason_xml}"
        '<OrgnlTxRef><Amt><InstdAmt Ccy="CNY">100.00</InstdAmt></Amt><Cdtr><Pty><Nm>张三</Nm></Pty></Cdtr>'
        "</OrgnlTxRef></TxInfAndSts>"
    )


def notice(entries: str, namespace: str = CAMT_054) -> bytes:
    return (
        f'<Document xmlns="{namespace}"><BkToCstmrDbtCdtNtfctn><GrpHdr><MsgId>B-2</MsgId><CreDtTm>2026-03-02T09:00:00Z'
        f"</CreDtTm></GrpHdr><Ntfctn><Id>B-2</Id><Acct><Id><Othr><Id>1</Id></Othr></Id></Acct>{entries}</Ntfctn>"
        f"</BkToCstmrDbtCdtNtfctn></Document>"
    ).encode()


def entry(details: str, amount: str = "100.00", direction: str = "DBIT", state: str = "<Cd>BOOK</Cd>") -> str:
    return (
        f'<Ntry><NtryRef>1</NtryRef><Amt Ccy="CNY">{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd><Sts>{state}</Sts>'
        f"<BookgDt><Dt>2026-03-02</Dt></BookgDt><AcctSvcrRef>BK-9</AcctSvcrRef><BkTxCd/>"
        f"<NtryDtls>{details}</NtryDtls></Ntry>"
    )


def details(reference: str, inner: str = "") -> str:
    return f"<TxDtls><Refs><EndToEndId>{reference}</EndToEndId></Refs>{inner}</TxDtls>"


def own(amount: str) -> str:
    return f'<Amt Ccy="CNY">{amount}</Amt><CdtDbtInd>DBIT</CdtDbtInd>'


def refused(data: bytes) -> UnreadableAnswer:
    with pytest.raises(UnreadableAnswer) as caught:
        parse_answer(data)
    return caught.value


def test_a_status_report_gives_a_line_for_each_transaction() -> None:
    data = status_report(status("AW-1", "ACSP") + status("AW-2", "RJCT", "AC04"), "<GrpSts>PART</GrpSts>")
    assert_valid(data)
    answer = parse_answer(data)
    assert (answer.kind, answer.message_id, answer.original_message_id) == ("pain.002", "B-1", "REL-7")
    assert [(line.end_to_end_id, line.verdict, line.reason_code) for line in answer.lines] == [
        ("AW-1", Verdict.ACCEPTED, None),
        ("AW-2", Verdict.REFUSED, "AC04"),
    ]
    assert {(line.amount_minor, line.currency) for line in answer.lines} == {(10_000, "CNY")}


def test_nothing_that_is_read_holds_a_name() -> None:
    answer = parse_answer(status_report(status("AW-1", "RJCT", "BE01")))
    assert "张三" not in repr(answer)


@pytest.mark.parametrize("words", ["ZHANG SAN", "张三", "ACCOUNT 6222020000000000", "wrong name"])
def test_a_banks_own_reason_in_words_is_not_kept(words: str) -> None:
    data = status_report(status("AW-1", "RJCT", "AC04")).replace(b"<Cd>AC04</Cd>", f"<Prtry>{words}</Prtry>".encode())
    assert [line.reason_code for line in parse_answer(data).lines] == ["OWN"]
    data = status_report(status("AW-1", "RJCT", "AC04")).replace(b"<Cd>AC04</Cd>", b"<Prtry>E-1042</Prtry>")
    assert [line.reason_code for line in parse_answer(data).lines] == ["E-1042"]


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("ACTC", Verdict.ACCEPTED),
        ("ACCP", Verdict.ACCEPTED),
        ("ACSC", Verdict.ACCEPTED),
        ("PDNG", Verdict.PENDING),
        ("RCVD", Verdict.PENDING),
        ("RJCT", Verdict.REFUSED),
        ("BLCK", Verdict.OTHER),
    ],
)
def test_a_status_has_one_meaning_and_none_of_them_is_a_booking(code: str, verdict: Verdict) -> None:
    (line,) = parse_answer(status_report(status("AW-1", code))).lines
    assert (line.status, line.verdict, line.booked) == (code, verdict, False)


def test_a_group_refused_without_transactions_is_a_line_for_the_whole_message() -> None:
    reason = "<GrpSts>RJCT</GrpSts><StsRsnInf><Rsn><Cd>FF01</Cd></Rsn></StsRsnInf>"
    (line,) = parse_answer(status_report("", reason)).lines
    assert line == Line(None, "RJCT", reason_code="FF01", original_message_id="REL-7")


def test_a_group_accepted_without_transactions_is_a_line_for_the_whole_message() -> None:
    (line,) = parse_answer(status_report("", "<GrpSts>ACCP</GrpSts>")).lines
    assert (line.end_to_end_id, line.verdict) == (None, Verdict.ACCEPTED)


def test_a_refused_group_that_names_transactions_speaks_for_those_alone() -> None:
    (line,) = parse_answer(status_report(status("AW-1", "RJCT", "AC01"), "<GrpSts>RJCT</GrpSts>")).lines
    assert (line.end_to_end_id, line.verdict) == ("AW-1", Verdict.REFUSED)


def test_a_transaction_that_the_bank_cannot_name_does_not_speak_for_the_whole_message() -> None:
    assert refused(status_report(status("NOTPROVIDED", "RJCT"))).reason == "missing_field"


def test_a_payment_block_refused_as_a_whole_refuses_the_message() -> None:
    (line,) = parse_answer(status_report("", "<GrpSts>PART</GrpSts>", "<PmtInfSts>RJCT</PmtInfSts>")).lines
    assert (line.end_to_end_id, line.verdict) == (None, Verdict.REFUSED)


def test_a_transaction_without_a_status_has_that_of_its_group() -> None:
    bare = "<TxInfAndSts><OrgnlEndToEndId>AW-1</OrgnlEndToEndId></TxInfAndSts>"
    (line,) = parse_answer(status_report(bare, "<GrpSts>ACSP</GrpSts>")).lines
    assert line.verdict is Verdict.ACCEPTED


@pytest.mark.parametrize("reason", ["AM05", "DU01", "DU04"])
def test_a_duplicate_is_not_a_refusal_of_the_first_payment(reason: str) -> None:
    for data in (
        status_report(status("AW-1", "RJCT", reason)),
        status_report("", f"<GrpSts>RJCT</GrpSts><StsRsnInf><Rsn><Cd>{reason}</Cd></Rsn></StsRsnInf>"),
    ):
        (line,) = parse_answer(data).lines
        assert line.verdict is Verdict.DUPLICATE


def test_a_booked_debit_is_a_payment_made() -> None:
    data = notice(entry(details("AW-1")))
    assert_valid(data)
    answer = parse_answer(data)
    assert (answer.kind, answer.original_message_id) == ("camt.054", None)
    (line,) = answer.lines
    assert line == Line(
        "AW-1", "BOOK", True, "debit", 10_000, "CNY", None, date(2026, 3, 2), "BK-9", original_message_id=None
    )
    assert line.verdict is Verdict.PAID


def test_a_credit_with_a_reason_is_a_return() -> None:
    returned = details("AW-1", "<RtrInf><Rsn><Cd>AC04</Cd></Rsn><AddtlInf>account of 张三 closed</AddtlInf></RtrInf>")
    data = notice(entry(returned, direction="CRDT"))
    assert_valid(data)
    (line,) = parse_answer(data).lines
    assert (line.verdict, line.direction, line.reason_code) == (Verdict.RETURNED, "credit", "AC04")
    assert "张三" not in repr(line)


def test_a_batch_entry_is_a_line_for_each_transaction() -> None:
    batch = "<Btch><MsgId>REL-7</MsgId></Btch>" + details("AW-1", own("40.00")) + details("AW-2", own("60.00"))
    data = notice(entry(batch))
    assert_valid(data)
    lines = parse_answer(data).lines
    assert [(line.end_to_end_id, line.amount_minor) for line in lines] == [("AW-1", 4_000), ("AW-2", 6_000)]
    assert {line.original_message_id for line in lines} == {"REL-7"}


def test_a_pending_entry_books_nothing() -> None:
    (line,) = parse_answer(notice(entry(details("AW-1"), state="<Cd>PDNG</Cd>"))).lines
    assert (line.booked, line.verdict) == (False, Verdict.PENDING)


def test_an_entry_without_a_reference_names_no_payment() -> None:
    for data in (notice(entry("")), notice(entry(details("NOTPROVIDED")))):
        (line,) = parse_answer(data).lines
        assert (line.end_to_end_id, line.amount_minor) == (None, 10_000)


@pytest.mark.parametrize("version", ["03", "09", "12"])
def test_other_versions_of_a_status_report_are_read(version: str) -> None:
    data = status_report(status("AW-1", "ACSP"), namespace=f"{PAIN_002[:-2]}{version}")
    assert parse_answer(data).lines[0].end_to_end_id == "AW-1"


def test_older_booking_notices_and_statements_are_read() -> None:
    older = notice(
        entry(
            details("AW-1", '<AmtDtls><TxAmt><Amt Ccy="CNY">100.00</Amt></TxAmt></AmtDtls>'),
            state="BOOK",
        ),
        namespace=f"{CAMT_054[:-2]}02",
    )
    assert parse_answer(older).lines[0].verdict is Verdict.PAID
    statement = (
        notice(entry(details("AW-1")), namespace="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08")
        .replace(b"BkToCstmrDbtCdtNtfctn", b"BkToCstmrStmt")
        .replace(b"Ntfctn>", b"Stmt>")
    )
    assert parse_answer(statement).kind == "camt.053"
    assert parse_answer(statement).lines[0].verdict is Verdict.PAID


@pytest.mark.parametrize("amount", ["-1.00", "0", "1e3", "1.001", "", "١٠", "1,00", "NaN", "9" * 20])
def test_an_amount_that_is_none_refuses_the_file(amount: str) -> None:
    assert refused(notice(entry(details("AW-1"), amount=amount))).reason == "bad_amount"


def test_a_batch_that_does_not_add_up_refuses_the_file() -> None:
    batch = details("AW-1", own("40.00")) + details("AW-2", own("61.00"))
    assert refused(notice(entry(batch))).reason == "bad_amount"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"not xml", "not_xml"),
        (b"\xff\xfe\x00", "not_xml"),
        (b" " + b"x" * SIZE_BYTES_MAX, "too_large"),
        (b"<html/>", "foreign"),
        (notice(entry(details("A")), namespace="urn:example"), "foreign"),
        (notice(entry(details("A")), namespace=PAIN_002), "foreign"),
        (notice(""), None),
        (notice(entry(details("A")).replace("<Sts><Cd>BOOK</Cd></Sts>", "")), "missing_field"),
        (notice(entry(details("A")).replace("<BookgDt><Dt>2026-03-02</Dt></BookgDt>", "")), "missing_field"),
        (notice(entry(details("A")).replace("2026-03-02", "2026-02-30")), "bad_field"),
        (notice(entry(details("A")).replace("<CdtDbtInd>DBIT</CdtDbtInd>", "")), "missing_field"),
        (notice(entry(details("A"), direction="BOTH")), "bad_field"),
        (notice(entry(details("A"))).replace(b"<MsgId>B-2</MsgId>", b""), "missing_field"),
        (notice(entry(details("A") + details("B"))), "missing_field"),
        (notice(entry(details("A" * 36))), "bad_field"),
        (status_report(status("A", "ACSP")).replace(b"<OrgnlMsgId>REL-7</OrgnlMsgId>", b""), "missing_field"),
        (status_report(status("A", "")), "missing_field"),
        (status_report(status("A", "accepted")), "bad_field"),
        (status_report(status("", "ACSP")), "missing_field"),
        (status_report(""), "missing_field"),
    ],
)
def test_a_broken_or_foreign_file_is_refused_with_its_reason(data: bytes, reason: str | None) -> None:
    if reason is None:
        assert parse_answer(data).lines == ()
        return
    assert refused(data).reason == reason


def test_an_entity_bomb_is_refused_before_it_grows() -> None:
    bomb = '<!DOCTYPE a [<!ENTITY a "' + "A" * 1000 + '">'
    bomb += "".join(f'<!ENTITY a{n} "{f"&a{n - 1 if n else str()};" * 10}">' for n in range(9)) + "]>"
    data = bomb.encode() + notice(entry(details("&a8;")))
    assert refused(data).reason in {"forbidden_dtd", "not_xml"}


def test_an_entity_that_reads_a_file_is_refused() -> None:
    dtd = b'<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/hostname">]>'
    assert refused(dtd + notice(entry(details("&f;")))).reason == "forbidden_dtd"
    assert refused(b'<!DOCTYPE Document SYSTEM "http://127.0.0.1:9/x">' + notice("")).reason == "forbidden_dtd"


def test_a_comment_cannot_split_a_reference() -> None:
    (line,) = parse_answer(notice(entry(details("AW-<!-- x -->1<?y z?>2")))).lines
    assert line.end_to_end_id == "AW-12"


def test_the_refusal_quotes_nothing_of_the_file() -> None:
    error = refused(notice(entry(details("AW-1"))).replace(b"</Ntry>", "张三</Wrong>".encode()))
    assert error.__cause__ is None
    assert "张三" not in repr(error.context)
    assert "Wrong" not in repr(error.context)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_cut_and_no_flipped_byte_does_more_than_refuse(data: st.DataObject) -> None:
    whole = notice(entry(details("AW-1") + details("AW-2", own("1.00")), amount="1.00"))
    whole = data.draw(
        st.sampled_from([whole, status_report(status("AW-1", "RJCT", "AC01")), notice(entry(details("A")))])
    )
    position = data.draw(st.integers(0, len(whole) - 1))
    cut = whole[:position]
    flipped = cut + bytes([data.draw(st.integers(0, 255))]) + whole[position + 1 :]
    assert refused(cut).reason in {"not_xml", "empty"}
    try:
        parse_answer(flipped)
    except UnreadableAnswer as error:
        assert error.reason  # noqa: PT017


def test_every_reason_has_words() -> None:
    assert describe("AC04") == "The account is closed."
    assert "XX99" in describe("XX99")
    assert describe(None)
