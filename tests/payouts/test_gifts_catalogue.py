"""The catalogue: what may be offered, which pictures are kept, and what stock may be bought."""

import io
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from PIL import Image

from cashback.accounts.two_people import NotAllowed
from cashback.ledger.models import Event, Kind, Transfer
from cashback.ledger.own_money import free_minor, pay_in
from cashback.ledger.posting import AccountKey, balance_minor
from cashback.lib.errors import InvalidDetails
from payouts import catalogue, pictures, stock
from payouts.catalogue import OfferText
from payouts.models import ECode, Offer, Picture, StockMove
from tests.factories import make_program, make_user
from tests.payouts.gifting import Shop, shop

pytestmark = pytest.mark.django_db

CUP = OfferText(name="Cup", name_zh="杯子", cost_minor=800)


def save(market: Shop, text: OfferText, offer_id: int | None = None) -> Offer:
    """The organizer saves an offer."""
    return catalogue.save_offer(
        program_id=market.program_id, offer_id=offer_id, text=text, by_id=market.organizer_id, now=timezone.now()
    )


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("name", {"name": " "}),
        ("name_zh", {"name_zh": ""}),
        ("name", {"name": "x" * 81}),
        ("about", {"about": "x" * 301}),
        ("cost_minor", {"cost_minor": 1_001}),
        ("cost_minor", {"cost_minor": -1}),
        ("at_dealer", {"at_dealer": False}),
        ("by_code", {"by_code": True}),
        ("picture", {"picture": "0" * 64}),
        ("substitute", {"substitute_id": 0}),
    ],
)
def test_what_cannot_be_offered_is_refused_by_its_field(field: str, wrong: Any) -> None:
    with pytest.raises(InvalidDetails) as refused:
        save(shop(), replace(CUP, **wrong))
    assert list(refused.value.errors) == [field]


def test_an_offer_may_be_changed_but_for_its_cost_once_stock_was_bought() -> None:
    market = shop()
    cup = save(market, CUP)
    save(market, replace(CUP, cost_minor=700), cup.pk)
    market.buy(cup, 1)
    changed = save(market, replace(CUP, cost_minor=700, name="Mug", about="Of clay", by_post=True), cup.pk)
    assert (changed.name, changed.about, changed.stock) == ("Mug", "Of clay", 1)
    code = replace(CUP, cost_minor=700, by_code=True, at_dealer=False)
    for field, wrong in (("cost_minor", replace(CUP, cost_minor=600)), ("by_code", code)):
        with pytest.raises(InvalidDetails) as refused:
            save(market, wrong, cup.pk)
        assert list(refused.value.errors) == [field]


def test_two_offers_of_a_program_have_two_names() -> None:
    market = shop()
    cup = save(market, CUP)
    with pytest.raises(InvalidDetails, match="details") as refused:
        save(market, CUP)
    assert list(refused.value.errors) == ["name"]
    assert save(market, CUP, cup.pk).pk == cup.pk


def test_a_substitute_is_another_gift_of_the_program_and_of_its_kind() -> None:
    market, other = shop(), shop()
    cup = save(market, CUP)
    code = save(market, replace(CUP, name="Voucher", at_dealer=False, by_code=True))
    for substitute in (cup, code, save(other, CUP)):
        with pytest.raises(InvalidDetails):
            save(market, replace(CUP, substitute_id=substitute.pk), cup.pk)
    assert save(market, replace(CUP, name="Mug", substitute_id=cup.pk)).substitute_id == cup.pk


def test_only_the_organizer_offers_and_buys() -> None:
    market = shop()
    cup = market.offer()
    stranger = make_user("dealer").pk
    with pytest.raises(NotAllowed):
        catalogue.save_offer(program_id=market.program_id, offer_id=None, text=CUP, by_id=stranger, now=timezone.now())
    with pytest.raises(NotAllowed):
        catalogue.set_active(offer_id=cup.pk, active=False, by_id=stranger)
    with pytest.raises(NotAllowed):
        stock.buy_stock(offer_id=cup.pk, pieces=1, reference="I", by_id=stranger, now=timezone.now())
    with pytest.raises(NotAllowed):
        stock.add_codes(offer_id=cup.pk, codes=["x"], reference="I", by_id=stranger, now=timezone.now())


def test_everybody_sees_what_is_up_in_its_order_and_what_is_left() -> None:
    market = shop()
    cup = market.offer(position=2, stock_pieces=6, cost_minor=100)
    market.offer(position=1, stock_pieces=5, cost_minor=100)
    market.offer(position=3)
    down = market.offer(position=0, stock_pieces=1)
    catalogue.set_active(offer_id=down.pk, active=False, by_id=market.organizer_id)
    shown = catalogue.offers(market.program_id, language="en")
    assert [(offer.name, offer.left) for offer in shown] == [("Cup 2", "few"), ("Cup 1", "many"), ("Cup 3", "none")]
    assert shown[1].ways == ("dealer", "post")
    assert shown[1].id == cup.pk


def test_stock_is_bought_with_the_reserve_and_own_money() -> None:
    market = shop()  # 30.00 reserved for gifts, 10.00 of revenue
    cup = market.offer()
    bank = balance_minor(AccountKey(Kind.BANK, "CNY"))
    bought = market.buy(cup, 5)
    assert (bought.stock, market.money(), free_minor("CNY")) == (5, (3_000, 4_000), 0)
    assert balance_minor(AccountKey(Kind.BANK, "CNY")) == bank - 4_000
    assert Transfer.objects.get(event=Event.GIFT_STOCK_BOUGHT).reference == f"offer:{cup.pk}:INV-1"
    with pytest.raises(stock.StockNotCovered) as refused:
        market.buy(cup, 1, "INV-2")
    assert "40.00" not in str(refused.value.errors)
    assert list(refused.value.errors) == ["pieces"]
    pay_in(currency="CNY", amount_minor=800, reference="own", now=timezone.now())
    assert market.buy(cup, 1, "INV-2").stock == 6


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("pieces", {"pieces": 0}),
        ("pieces", {"pieces": 1_000_001}),
        ("reference", {"reference": " "}),
        ("reference", {"reference": "x" * 41}),
        ("reference", {"reference": "INV-0"}),
    ],
)
def test_a_purchase_that_cannot_be_is_refused_by_its_field(field: str, wrong: Any) -> None:
    market = shop()
    cup = market.offer()
    market.buy(cup, 1, "INV-0")
    with pytest.raises(InvalidDetails) as refused:
        stock.buy_stock(
            offer_id=cup.pk,
            by_id=market.organizer_id,
            now=timezone.now(),
            **({"pieces": 1, "reference": "INV-1"} | wrong),
        )
    assert list(refused.value.errors) == [field]


def test_an_invoice_may_name_several_gifts() -> None:
    market = shop()
    market.offer(stock_pieces=1)
    assert market.offer(stock_pieces=1).stock == 1


def test_nothing_is_bought_before_the_program_is_published() -> None:
    program = make_program(published=False)
    organizer = make_user().pk
    now = timezone.now()
    cup = catalogue.save_offer(program_id=program.pk, offer_id=None, text=CUP, by_id=organizer, now=now)
    with pytest.raises(InvalidDetails) as refused:
        stock.buy_stock(offer_id=cup.pk, pieces=1, reference="I", by_id=organizer, now=now)
    assert list(refused.value.errors) == ["program"]


def test_codes_are_stock_and_counted_once() -> None:
    market = shop()
    voucher = market.offer(codes=["A", "B"])
    added = stock.add_codes(
        offer_id=voucher.pk,
        codes=[" B ", "C", "C"],
        reference="INV-2",
        by_id=market.organizer_id,
        now=timezone.now(),
    )
    voucher.refresh_from_db()
    assert (added.added, added.doubled, voucher.stock, market.money()[1]) == (1, 2, 3, 2_400)
    nothing = stock.add_codes(
        offer_id=voucher.pk, codes=["A"], reference="INV-3", by_id=market.organizer_id, now=timezone.now()
    )
    assert (nothing.added, nothing.doubled) == (0, 1)
    with pytest.raises(stock.StockNotCovered) as refused:
        stock.add_codes(
            offer_id=voucher.pk,
            codes=["D", "E", "F"],
            reference="INV-4",
            by_id=market.organizer_id,
            now=timezone.now(),
        )
    assert list(refused.value.errors) == ["codes"]
    assert ECode.objects.count() == 3


def test_pieces_and_codes_are_not_mixed_up() -> None:
    market = shop()
    cup, voucher = market.offer(), market.offer(codes=["A"])
    with pytest.raises(InvalidDetails) as refused:
        market.buy(voucher, 1, "INV-2")
    assert list(refused.value.errors) == ["pieces"]
    for offer, codes in ((cup, ["A"]), (voucher, []), (voucher, ["a\nb"]), (voucher, ["x" * 201])):
        with pytest.raises(InvalidDetails) as refused:
            stock.add_codes(
                offer_id=offer.pk, codes=codes, reference="INV-2", by_id=market.organizer_id, now=timezone.now()
            )
        assert list(refused.value.errors) == ["codes"]


def _picture(form: str = "PNG", size: tuple[int, int] = (1_600, 400), **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "red").save(out, form, **options)
    return out.getvalue()


def test_stock_that_nobody_has_chosen_is_written_off_at_the_organizers_cost() -> None:
    market = shop()
    cup = market.offer(stock_pieces=3)
    market.choose(3, cup)
    before = market.money()
    assert free_minor("CNY") == 1_000
    given: dict[str, Any] = {"offer_id": cup.pk, "by_id": market.organizer_id, "now": timezone.now()}
    written_off = stock.write_off(pieces=2, reference=" FLOOD-1 ", **given)
    assert (written_off.stock, written_off.reserved) == (1, 1)
    assert (market.money(), free_minor("CNY")) == ((before[0], before[1] - 1_600), 0)
    assert Transfer.objects.get(event=Event.CAPITAL_IN, reference=f"offer:{cup.pk}:FLOOD-1").amount_minor == 600
    [loss] = Transfer.objects.filter(event=Event.GIFT_LOST)
    [move] = StockMove.objects.filter(kind="lost")
    assert (move.pieces, move.reference) == (-2, loss.reference) == (-2, f"offer:{cup.pk}:FLOOD-1")
    for pieces, reference, field in ((1, "FLOOD-2", "pieces"), (1, "FLOOD-1", "reference"), (0, "FLOOD-2", "pieces")):
        with pytest.raises(InvalidDetails) as refused:
            stock.write_off(pieces=pieces, reference=reference, **given)
        assert set(refused.value.errors) == {field}
    with pytest.raises(NotAllowed):
        stock.write_off(pieces=1, reference="FLOOD-2", **(given | {"by_id": make_user("dealer").pk}))
    with pytest.raises(InvalidDetails):
        stock.write_off(pieces=1, reference="FLOOD-2", **(given | {"offer_id": market.offer(codes=["A"]).pk}))
    assert Transfer.objects.filter(event=Event.GIFT_LOST).count() == 1


def test_a_picture_is_made_small_and_written_anew() -> None:
    exif = Image.Exif()
    exif[0x010E] = "taken at home"  # ImageDescription
    exif[0x0112] = 6  # lies on its side
    kept = pictures.put_picture(content=_picture("JPEG", exif=exif))
    content = bytes(kept.content)
    with Image.open(io.BytesIO(content)) as image:
        assert (image.format, image.size) == ("WEBP", (200, 800))
        assert not image.getexif()
    assert (kept.width, kept.height) == (200, 800)
    assert b"at home" not in content


def test_the_same_picture_is_kept_once_and_small_ones_stay_small() -> None:
    first = pictures.put_picture(content=_picture(size=(20, 10)))
    assert pictures.put_picture(content=_picture(size=(20, 10))) == first
    assert (Picture.objects.count(), first.width, first.height) == (1, 20, 10)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        _picture("GIF"),
        _picture()[:200],
        b"\x00" * (pictures.UPLOAD_MAX + 1),
    ],
)
def test_what_is_no_picture_or_too_much_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidDetails) as refused:
        pictures.put_picture(content=content)
    assert list(refused.value.errors) == ["picture"]


def test_a_picture_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "PIXELS_MAX", 100)
    with pytest.raises(InvalidDetails):
        pictures.put_picture(content=_picture(size=(20, 10)))


def test_the_database_refuses_what_no_verb_does(database_refuses: Any) -> None:
    market = shop()
    cup = market.offer(stock_pieces=1)
    with database_refuses("payouts_offer_cost_locked"):
        Offer.objects.filter(pk=cup.pk).update(cost_minor=700)
    with database_refuses("payouts_offer_cost_within_program"):
        Offer.objects.create(program_id=market.program_id, name="Gold", name_zh="金", cost_minor=1_001)
    with database_refuses("payouts_offer_begins_empty"):
        Offer.objects.create(program_id=market.program_id, name="Gold", name_zh="金", cost_minor=1, stock=1)
    with database_refuses("payouts_offer_substitute_alike"):
        Offer.objects.filter(pk=cup.pk).update(substitute_id=shop().offer().pk)
    with database_refuses("payouts_offer_reserved_within_stock"):
        Offer.objects.filter(pk=cup.pk).update(reserved=2)
    for statement, table in (
        ("UPDATE payouts_offer SET stock = 5", "payouts_offer"),
        ("UPDATE payouts_offer SET program_id = 1", "payouts_offer"),
        ("DELETE FROM payouts_offer", "payouts_offer"),
        ("UPDATE payouts_stockmove SET pieces = 5", "payouts_stockmove"),
        ("DELETE FROM payouts_stockmove", "payouts_stockmove"),
        ("UPDATE payouts_picture SET width = 5", "payouts_picture"),
        ("DELETE FROM payouts_ecode", "payouts_ecode"),
        ("UPDATE payouts_gift SET program_id = 5", "payouts_gift"),
    ):
        with database_refuses(f"permission denied for table {table}"), connection.cursor() as cursor:
            cursor.execute(statement)


def test_a_piece_leaves_the_stock_once(database_refuses: Any) -> None:
    market = shop()
    cup = market.offer(stock_pieces=2)
    with database_refuses("payouts_stockmove_once"):
        for _ in range(2):
            StockMove.objects.create(offer=cup, kind="handed_over", pieces=-1, reference="award:1", at=timezone.now())
