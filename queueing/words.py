"""What was erased, and why, in words: codes of Erasure rows as every page shows them."""

from django.utils.translation import gettext_lazy as _

ERASED_PARTS = {
    "payee": _("name and account"),
    "contact": _("phone and e-mail"),
    "delivery": _("address or contact for the gift"),
    "payee_and_contact": _("name, account, phone and e-mail"),
}

ERASED_BECAUSE = {
    "refunded": _("the payment was confirmed"),
    "withdrawn": _("the registration was withdrawn"),
    "gift_verdict": _("a gift was awarded and nothing has to be paid"),
    "handed_over": _("the gift was handed over"),
    "lapsed": _("the time to claim was over"),
    "cancelled": _("the award was cancelled"),
    "void": _("the registration was declared void"),
    "program_closed": _("the program closed"),
    "time_over": _("its time was over"),
    "choice_changed": _("the gift comes in another way"),
    "notice_over": _("the last notice was given"),
}
