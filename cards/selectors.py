"""What others read of the inventory."""

from django.db.models import BigIntegerField, ExpressionWrapper, F, QuerySet, Sum

from cards.models import Dealer, Lot, Order, Program, ProgramState

_CARDS = ExpressionWrapper(F("last_number") - F("first_number") + 1, output_field=BigIntegerField())


def program_by_code(code: str) -> Program | None:
    """The program of that code, drafts included; None where there is none."""
    return Program.objects.filter(code=code).first()


def public_programs() -> QuerySet[Program]:
    """Every program that was ever published, the newest first."""
    return Program.objects.exclude(state=ProgramState.DRAFT).order_by("-published_at", "-pk")


def published_programs() -> QuerySet[Program]:
    """Programs that are open, by id."""
    return Program.objects.filter(state=ProgramState.PUBLISHED).order_by("pk")


def sold_cards(program_id: int) -> int:
    """How many cards the program's living lots have."""
    return _sum(Lot.objects.filter(program=program_id, ended_at=None))


def sold_cards_of(dealer_id: int) -> int:
    """How many cards the dealer's living lots have."""
    return _sum(Lot.objects.filter(dealer=dealer_id, ended_at=None))


def lots_of(dealer_id: int) -> QuerySet[Lot]:
    """The dealer's living lots with their programs, the newest first."""
    return Lot.objects.filter(dealer=dealer_id, ended_at=None).select_related("program").order_by("-pk")


def orders_of(dealer_id: int) -> QuerySet[Order]:
    """The dealer's orders with their programs, the newest first."""
    return Order.objects.filter(dealer=dealer_id).select_related("program").order_by("-pk")


def dealer_of(user_id: int) -> Dealer | None:
    """The active dealer the user signs in for."""
    return Dealer.objects.filter(members__user=user_id, active=True).first()


def lot_of_card(number: int) -> Lot | None:
    """The living lot that holds the card."""
    return Lot.objects.filter(numbers__contains=number, ended_at=None).select_related("program").first()


def _sum(lots: QuerySet[Lot]) -> int:
    return lots.aggregate(cards=Sum(_CARDS))["cards"] or 0
