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


def describe(reason_code: str | None) -> str:
    """The reason in the active language; a code that is not known is shown as it is."""
    if reason_code is None:
        return gettext("The bank gave no reason.")
    if reason_code in _TEXTS:
        return str(_TEXTS[reason_code])
    return gettext("The bank's reason: %(code)s.") % {"code": reason_code}
