"""The pain.001 file: valid whatever the names, exact in its amounts, the same bytes each time."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from payouts.rails.iso20022 import build_payment_file, problem
from payouts.rails.messages import Debtor, Transfer, UnpayableTransfer
from payouts.rails.registry import rail
from tests.iso_shape import assert_valid

NOW = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
NS = {"p": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"}
DEBTOR = Debtor(name="示例商贸有限公司", account="DE89370400440532013000", agent="COBADEFFXXX")
ACCOUNTS = [("iban", "GB82 WEST 1234 5698 7654 32"), ("cn_card", "6222 0200 0000 0000 000"), ("other", "12-3456/7890")]


def transfer(**changes: object) -> Transfer:
    values: dict[str, object] = {
        "end_to_end_id": "AW-1-1",
        "amount_minor": 10_000,
        "currency": "CNY",
        "payee_name": "张三",
        "account_kind": "iban",
        "account_number": "DE89370400440532013000",
        **changes,
    }
    return Transfer(**values)  # type: ignore[arg-type]


def build(*transfers: Transfer, **changes: object) -> bytes:
    arguments: dict[str, object] = {
        "message_id": "REL-7",
        "created_at": NOW,
        "debtor": DEBTOR,
        "execution_on": date(2026, 3, 2),
        "transfers": transfers,
        **changes,
    }
    return build_payment_file(**arguments)  # type: ignore[arg-type]


def texts(data: bytes, path: str) -> list[str | None]:
    return [node.text for node in etree.fromstring(data).iterfind(f".//p:{path.replace('/', '/p:')}", NS)]


NAMES = st.one_of(
    st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=1, max_size=140),
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=140),
    st.sampled_from(["张三", "欧阳·娜娜", "𠮷田", "<b>&amp;", "]]>", "O'Brien–Łęcki", "𲎯"]),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(NAMES, st.sampled_from(ACCOUNTS), st.integers(1, 10**12), NAMES), min_size=1, max_size=5))
def test_every_file_is_valid_and_carries_the_names_as_they_are(
    rows: list[tuple[str, tuple[str, str], int, str]],
) -> None:
    transfers = [
        transfer(
            end_to_end_id=f"AW-{number}",
            payee_name=name,
            account_kind=kind,
            account_number=account,
            amount_minor=amount,
            bank_name=bank,
            remittance=bank,
        )
        for number, (name, (kind, account), amount, bank) in enumerate(rows)
    ]
    payable = [each for each in transfers if problem(each) is None]
    if not payable:
        return
    data = build(*payable)
    assert_valid(data)
    assert texts(data, "Cdtr/Nm") == [each.payee_name for each in payable]
    assert texts(data, "GrpHdr/NbOfTxs") == [str(len(payable))]


@pytest.mark.parametrize("name", ["张三", "欧阳·娜娜", "𠮷田太郎", "爨" * 140])
def test_a_chinese_name_is_payable_and_stays_in_its_script(name: str) -> None:
    data = build(transfer(payee_name=name))
    assert name.encode() in data
    assert_valid(data)


def test_amounts_have_the_places_of_their_currency() -> None:
    for currency, written in {"CNY": "100.05", "JPY": "10005", "KWD": "10.005"}.items():
        data = build(transfer(amount_minor=10_005, currency=currency))
        assert texts(data, "InstdAmt") == [written]
        assert texts(data, "CtrlSum") == [written, written]
        assert_valid(data)


def test_count_and_control_sum_cover_all_transfers() -> None:
    data = build(*(transfer(end_to_end_id=f"AW-{n}", amount_minor=1 + n) for n in range(10)))
    assert texts(data, "NbOfTxs") == ["10", "10"]
    assert texts(data, "CtrlSum") == ["0.55", "0.55"]


def test_each_kind_of_account_has_its_form() -> None:
    data = build(
        *(
            transfer(end_to_end_id=f"AW-{n}", account_kind=kind, account_number=number)
            for n, (kind, number) in enumerate(ACCOUNTS)
        )
    )
    assert texts(data, "CdtrAcct/Id/IBAN") == ["GB82WEST12345698765432"]
    assert texts(data, "CdtrAcct/Id/Othr/Id") == ["6222020000000000000", "12-3456/7890"]
    assert texts(data, "CdtrAcct/Id/Othr/SchmeNm/Prtry") == ["CARD"]
    assert texts(data, "CdtrAcct/Id/Othr/SchmeNm/Cd") == ["BBAN"]
    assert_valid(data)


def test_a_debtor_without_an_iban_is_written_in_the_other_form() -> None:
    data = build(transfer(), debtor=Debtor("Example Ltd", "6222000011112222", "102100099996"))
    assert texts(data, "DbtrAcct/Id/Othr/Id") == ["6222000011112222"]
    assert texts(data, "DbtrAgt/FinInstnId/Othr/Id") == ["102100099996"]
    assert_valid(data)


def test_the_same_release_gives_the_same_bytes_in_any_time_zone() -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=8)))
    assert build(transfer()) == build(transfer(), created_at=elsewhere)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"end_to_end_id": "x" * 36}, "bad_reference"),
        ({"end_to_end_id": "/leading"}, "bad_reference"),
        ({"end_to_end_id": "编号"}, "bad_reference"),
        ({"amount_minor": 0}, "bad_amount"),
        ({"amount_minor": 10**17}, "bad_amount"),
        ({"currency": "cny"}, "bad_amount"),
        ({"payee_name": " "}, "name_missing"),
        ({"payee_name": "张" * 141}, "name_too_long"),
        ({"payee_name": "a\x00b"}, "name_characters"),
        ({"payee_name": "a\nb"}, "name_characters"),
        ({"bank_name": "x" * 141}, "bank_too_long"),
        ({"remittance": "\ufffe"}, "remittance_characters"),
        ({"account_number": "DE88370400440532013000"}, "account_iban"),
        ({"account_kind": "cn_card", "account_number": "6222020000000000008"}, "account_card"),
        ({"account_kind": "cn_card", "account_number": "٦٢٢٢٠٢٠٠٠٠٠٠٠٠٠٠٠٠٧"}, "account_card"),
        ({"account_kind": "other", "account_number": "1" * 35}, "account_other"),
    ],
)
def test_what_a_bank_cannot_take_is_named_before_the_file_is_built(changes: dict[str, object], reason: str) -> None:
    assert problem(transfer(**changes)) == reason
    with pytest.raises(UnpayableTransfer) as refused:
        build(transfer(**changes))
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    "changes",
    [
        {"transfers": ()},
        {"transfers": (transfer(), transfer())},
        {"transfers": (transfer(), transfer(end_to_end_id="AW-2", currency="EUR"))},
        {"message_id": "x" * 36},
        {"created_at": datetime(2026, 3, 1)},  # noqa: DTZ001
        {"debtor": Debtor("", "1", "1")},
    ],
)
def test_an_envelope_that_is_wrong_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        build(transfer(), **changes)


def test_a_transfer_shows_no_personal_data_in_a_traceback() -> None:
    assert repr(transfer()) == "Transfer('AW-1-1')"


def test_the_registry_names_the_rails_there_are() -> None:
    assert rail("iso20022").suffix == ".xml"
    assert rail("iso20022").problem(transfer()) is None
    with pytest.raises(LookupError, match="iso20022"):
        rail("pigeon")
