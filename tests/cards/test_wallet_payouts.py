"""A dealer's wallet is paid out by two people, against a reference of the bank's."""

from typing import Any

import pytest
from django.utils import timezone

from cards import orders, wallets
from cards.models import Dealer, Program, WalletPayout
from cashback.accounts.models import Role
from cashback.ledger.models import Event, Transfer
from cashback.ledger.posting import balance_minor
from tests.factories import make_dealer, make_order, make_program, make_user
from tests.portal.doors import signed_in
from tests.steps import confirm, look, page_of, two_clients

pytestmark = pytest.mark.django_db
MODEL = "cards_walletpayout"


@pytest.fixture
def filled() -> tuple[Program, Dealer]:
    """A wallet with 260.00 of a cancelled order and 130.00 that a paid order binds."""
    program, dealer = make_program(), make_dealer()
    cancelled = make_order(program, dealer, 10)
    make_order(program, dealer, 5)
    orders.cancel(order_id=cancelled, now=timezone.now())
    return program, dealer


def _typed(program: Program, payee: Dealer, **changes: Any) -> dict[str, Any]:
    given = {"dealer": payee.code, "program": program.pk, "amount": "260.00", "reference": "OUT-1"}
    return {**given, **changes}


def test_two_people_pay_a_wallet_out(filled: tuple[Program, Dealer]) -> None:
    program, dealer = filled
    first, second = two_clients()
    assert "CN¥260.00 free of CN¥390.00" in look(first, page_of(MODEL))
    assert "dealer wallet" in look(first, page_of(MODEL), **_typed(*filled))
    assert "another person approves it" in confirm(first, page_of(MODEL), **_typed(*filled))
    assert not Transfer.objects.filter(event=Event.WALLET_PAID_OUT).exists()
    payout = WalletPayout.objects.get()
    approving = page_of(MODEL, payout.pk, "approve")
    assert "somebody else must approve it" in confirm(first, approving)
    assert "is posted" in confirm(second, approving)
    assert balance_minor(orders.wallet(dealer.pk, program)) == 13_000


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"amount": "260.01"}, "amount", "Only CN¥260.00 of the wallet is not bound"),
        ({"amount": "0"}, "amount", "more than nothing"),
        ({"dealer": "NOBODY"}, "dealer", "No dealer has this code"),
        ({"reference": ""}, "reference", "required"),
    ],
)
def test_a_refusal_stands_at_its_field(
    filled: tuple[Program, Dealer], changes: dict[str, Any], field: str, said: str
) -> None:
    first, _ = two_clients()
    page = look(first, page_of(MODEL), **_typed(*filled, **changes))
    row = page[page.index(f"form-row errors field-{field}") :]
    assert said in row[: row.index("</ul>")]
    assert not WalletPayout.objects.exists()


def test_money_that_left_the_wallet_meanwhile_is_not_paid_out(filled: tuple[Program, Dealer]) -> None:
    program, dealer = filled
    by_id, other = make_user(Role.ORGANIZER).pk, make_user(Role.CHECKER).pk
    given: dict[str, Any] = {"dealer_id": dealer.pk, "program_id": program.pk, "by_id": by_id, "now": timezone.now()}
    one = wallets.prepare_payout(amount_minor=26_000, reference="OUT-1", **given)
    two = wallets.prepare_payout(amount_minor=26_000, reference="OUT-2", **given)
    wallets.approve_payout(payout_id=one.pk, by_id=other, now=timezone.now())
    with pytest.raises(wallets.WalletTooSmall):
        wallets.approve_payout(payout_id=two.pk, by_id=other, now=timezone.now())
    wallets.call_off_payout(payout_id=two.pk, by_id=by_id, now=timezone.now())


def test_an_operator_has_no_page(filled: tuple[Program, Dealer]) -> None:
    assert signed_in(make_user(Role.OPERATOR)).get(page_of(MODEL)).status_code == 403
