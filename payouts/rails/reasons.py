"""Why a bank did not pay, in words for the holder and the organizer.

Banks' own free text is never kept, since it may name people; the codes of the ISO 20022 external code lists are.
"""

from django.utils.translation import gettext, gettext_lazy

_TEXTS = {
    "AC01": gettext_lazy("The account number is not right."),
    "AC03": gettext_lazy("The account number is not right."),
    "AC04": gettext_lazy("The account is closed."),
    "AC06": gettext_lazy("The account is blocked."),
    "AC13": gettext_lazy("Accounts of this kind cannot receive the payment."),
    "AG01": gettext_lazy("Accounts of this kind cannot receive the payment."),
    "AM04": gettext_lazy("The payer's account did not hold enough money."),
    "AM09": gettext_lazy("The amount was not right."),
    "BE01": gettext_lazy("The name does not belong to the account."),
    "BE04": gettext_lazy("The bank needs the payee's address."),
    "BE06": gettext_lazy("The bank does not know the payee."),
    "FF01": gettext_lazy("The bank could not read the payment file."),
    "MD07": gettext_lazy("The account's owner has died."),
    "RC01": gettext_lazy("The bank's code is not right."),
    "RR04": gettext_lazy("The bank may not carry out the payment."),
}


# Codes of our own, as the office reads them; the holder's words for some of them are on the holder's pages.
_OURS = {
    "amount_differs": gettext_lazy("The bank names another amount."),
    "bad_amount": gettext_lazy("An amount in the file is wrong."),
    "bad_field": gettext_lazy("A field of the file is wrong."),
    "booked_after_refusal": gettext_lazy("First refused, then booked."),
    "decided": gettext_lazy("Two people have decided so."),
    "doubled": gettext_lazy("Delivered twice."),
    "empty": gettext_lazy("The file is empty."),
    "forbidden_dtd": gettext_lazy("The file is not a payment message."),
    "foreign": gettext_lazy("The file is not an answer of a bank's."),
    "frozen": gettext_lazy("The card is frozen."),
    "lapsed": gettext_lazy("The time to claim it was over."),
    "missing_field": gettext_lazy("A field of the file is missing."),
    "no_booking": gettext_lazy("The statement does not show it."),
    "no_details": gettext_lazy("Name and account are missing."),
    "no_reason": gettext_lazy("The bank gave no reason."),
    "not_decryptable": gettext_lazy("Not encrypted to our key, or damaged."),
    "not_paid": gettext_lazy("Two people have established that it was not paid."),
    "not_xml": gettext_lazy("The file is damaged or cut short."),
    "payee_limit": gettext_lazy("The payee has more registrations than the program allows."),
    "seal_broken": gettext_lazy("Our seal on the file is broken."),
    "too_large": gettext_lazy("The file is too large."),
    "unknown_message": gettext_lazy("It answers a file that we never sent."),
    "withdrawn": gettext_lazy("The registration was withdrawn."),
}


def explain(code: str) -> str:
    """A code of the bank's or our own, for the office."""
    return str(_OURS[code]) if code in _OURS else describe(code)


def describe(reason_code: str | None) -> str:
    """The reason in the active language; a code that is not known is shown as it is."""
    if reason_code is None:
        return gettext("The bank gave no reason.")
    if reason_code in _TEXTS:
        return str(_TEXTS[reason_code])
    return gettext("The bank's reason: %(code)s.") % {"code": reason_code}
