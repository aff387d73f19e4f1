"""What a card's price must set aside: amounts in minor units, rounded up in the holders' favour."""

from cards.models import Program
from cashback.lib.money import ceil_div


def cash_reserve_minor(program: Program, cards: int) -> int:
    """What `cards` cards may cost in payouts: their share of each cycle's paid places."""
    return ceil_div(program.payouts_per_cycle * program.face_value_minor * cards, program.cycle_size)


def gift_reserve_minor(program: Program, cards: int) -> int:
    """What `cards` cards may cost in gifts: their share of the gifts a cycle may cost."""
    return ceil_div(program.gifts_per_cycle * program.gift_cost_minor * cards, program.cycle_size)


def needed_price_minor(program: Program) -> int:
    """The lowest price at which every card pays for its own share of payouts and gifts."""
    return cash_reserve_minor(program, 1) + gift_reserve_minor(program, 1)
