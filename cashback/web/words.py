"""Codes in words: what an award's state, an event or an erasure is called on the pages."""

from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

from payouts.rails.reasons import describe

GOOD, WAIT, STOP, PLAIN = "good", "wait", "stop", ""


class State(NamedTuple):
    """A state's name, what it means for the holder, and how it is coloured."""

    name: Any
    meaning: Any
    tone: str


AWARD_STATES = {
    "due": State(_("due"), _("Your money is set aside and will be released for payment."), WAIT),
    "approved": State(_("released"), _("The payment is released and goes to the bank with the next file."), WAIT),
    "sent": State(_("sent to the bank"), _("The bank has been told to pay. It usually confirms within days."), WAIT),
    "accepted": State(_("accepted by the bank"), _("The bank is carrying the payment out."), WAIT),
    "refunded": State(_("paid"), _("The bank has confirmed the payment."), GOOD),
    "details_needed": State(
        _("your help is needed"), _("The payment did not reach you. Correct your details below."), STOP
    ),
    "on_hold": State(_("on hold"), _("The organizer looks into it. The award is kept meanwhile."), STOP),
    "in_doubt": State(
        _("being looked into"), _("The bank has not said what became of the payment. It is not sent twice."), WAIT
    ),
    "cancelled": State(_("cancelled"), _("This award will not be paid."), PLAIN),
    "lapsed": State(_("lapsed"), _("The time to claim it is over."), PLAIN),
    "owed": State(_("yours"), _("A gift is owed to you. You choose which."), GOOD),
    "chosen": State(_("chosen"), _("Your choice is set aside and being prepared."), GOOD),
    "ready": State(_("ready"), _("Your gift lies ready, or is on its way."), GOOD),
    "handed_over": State(_("handed over"), _("You have your gift."), GOOD),
}

# Nothing failed: nobody has given them yet, or they were destroyed before the prize was drawn.
NO_DETAILS = State(_("your help is needed"), _("To pay this we need a name and an account from you."), STOP)

# They have come since, and no tick has taken them up yet.
DETAILS_GIVEN = State(
    _("being processed"), _("Your details have come and are being processed. You need not give them again."), WAIT
)

EVENTS = {
    "registered": _("Registered"),
    "corrected": _("Details corrected"),
    "exported": _("What is held was shown to you"),
    "receipt_requested": _("A new receipt was asked for"),
    "receipt_renewed": _("A new receipt was given; the old one is dead"),
    "awarded_cash": _("Money back awarded"),
    "awarded_gift": _("Gift awarded"),
    "awarded_prize": _("Prize of a draw awarded"),
    "erased_payee": _("Name and account destroyed"),
    "erased_contact": _("Phone and e-mail destroyed"),
    "erased_delivery": _("Address or contact for the gift destroyed"),
    "erased_payee_and_contact": _("All details destroyed"),
    "payment_sent": _("Payment sent to the bank"),
    "payment_refused": _("The bank refused the payment"),
    "payment_returned": _("The payment came back"),
    "refunded": _("Payment confirmed"),
    "gift_chosen": _("Gift chosen"),
    "gift_ready": _("The gift lies at the dealer’s counter"),
    "gift_posted": _("The gift was posted"),
    "gift_replaced": _("The gift is replaced by another piece"),
    "gift_lost": _("The parcel was lost; another is sent"),
    "gift_handed_over": _("Gift handed over"),
    "gift_lapsed": _("The gift has lapsed"),
    "withdrawn": _("Withdrawn"),
    "frozen": _("Frozen by the organizer"),
    "released": _("No longer frozen"),
    "void": _("Declared void by the organizer"),
}

OUR_REASONS = {
    "frozen": _("The organizer looks into this card."),
    "no_details": _("Name and account are missing."),
    "decided": _("Two people of the organizer have decided so."),
    "not_paid": _("Two people of the organizer have established that it was not paid."),
    "booked_after_refusal": _("The bank first refused the payment and then booked it."),
    "no_reason": _("The bank gave no reason."),
    "no_booking": _("The bank’s statement does not show the payment yet."),
    "payout": _("a payment is still to come"),
    "payout_open": _("a payment is still open"),
    "gift_open": _("your gift is still on its way"),
    "closing_moved": _("the program closes later than planned"),
    "withdrawn": _("You withdrew the registration."),
    "doubled": _("The bank says it twice."),
    "amount_differs": _("The bank names another amount."),
}


def reason(code: str) -> str:
    """An award's reason: ours, or the bank's."""
    if not code:
        return ""
    return str(OUR_REASONS[code]) if code in OUR_REASONS else describe(code)


def plain(words: dict[str, Any], code: str) -> str:
    """The code in words; one that is not known yet, readable at least."""
    return str(words.get(code, code.replace("_", " ")))
