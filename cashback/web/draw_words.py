"""The draws' codes in words, and the texts that their scripts say."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from cashback.web.words import GOOD, PLAIN, STOP, WAIT, State

STATES = {
    "announced": State(_("announced"), _("Everything that decides it is fixed."), WAIT),
    "frozen": State(_("pool frozen"), _("Who takes part is published and cannot change."), WAIT),
    "revealed": State(_("secret revealed"), _("The public figures are being entered."), WAIT),
    "drawn": State(_("being checked"), _("Drawn, and not certified yet."), WAIT),
    "verified": State(_("being checked"), _("Drawn, and not certified yet."), WAIT),
    "certified": State(_("certified"), _("The winners are published."), GOOD),
    "not_completed": State(_("not completed"), _("Nobody has won; the prize fund stays locked."), STOP),
    "void": State(_("void"), _("Called off before the pool was frozen."), PLAIN),
}

PASSED_ON_BECAUSE = {
    "not_standing": _("the registration was withdrawn or void"),
    "withdrawn": _("the holder has withdrawn"),
    "no_details": _("no details were given in time"),
    "decided": _("two people of the organizer decided so"),
}

_SCRIPT: dict[str, Any] = {
    "here": _("%(at)s where you are"),
    "days": _("%(days)s d"),
    "any_moment": _("any moment now"),
    "serial_wrong": _("This is no serial number: 14 digits, as on the card."),
    "nonce_wrong": _("This is no nonce: 64 letters a to f and digits, as on the receipt."),
    "searching": _("Looking through the pool …"),
    "searching_part": _("Loading the pool … %(percent)s"),
    "leaf": _("Your leaf:"),
    "not_in_pool": _("Your card is not in this pool"),
    "not_in_pool_why": _(
        "It was registered outside the announced time, belongs to another program, does not stand any more, or serial "
        "and nonce are not of the same card."
    ),
    "kept_out": _("It was declared before the freeze as a card that cannot win."),
    "in_pool": _("Your card is in the pool, with index %(index)s"),
    "result_follows": _("The results are shown here once a second person has certified them."),
    "nobody_won": _("The draw was not completed, and nobody has won."),
    "won": _("You have won: %(prize)s, %(amount)s"),
    "passed_on": _("Your card was drawn, but its prize has passed on to a reserve"),
    "reserve": _("Your card is reserve %(number)s"),
    "reserve_means": _("You get a prize if so many winners before you are out. Your status page will say so."),
    "not_drawn": _("Your card was not drawn this time"),
    "check_failed": _("This could not be checked"),
    "not_loaded": _("The file could not be loaded. Try again in a moment."),
    "no_crypto": _(
        "This browser does not offer its cryptography here. Open the page over https in a current browser, or use the "
        "command line."
    ),
    "loading": _("Loading the bundle …"),
    "stage_checksum": _("Reading the bundle …"),
    "stage_pool": _("Reading the pool …"),
    "stage_drawing": _("Drawing again …"),
    "cannot_verify": _("This browser cannot verify the draw"),
    "differs": _("The draw does not verify"),
    "differs_in": _("In %(part)s: %(reason)s"),
    "differs_from_page": _("The bundle is not what this site shows. Keep the file and tell others."),
    "check_pool": _("The pool has %(entries)s entries, each once, and its hash is the one that was frozen."),
    "check_commitment": _("The secret is the one that was committed to at the announcement."),
    "check_figures": _("The public figures are the ones shown here. Compare them with where they are published."),
    "check_seed": _("Pool, secret and figures give the seed %(seed)s."),
    "check_results": _("The seed draws the same %(winners)s winners and %(reserves)s reserves, in the same order."),
    "agrees": _("It agrees: your browser has drawn the same result"),
    "agrees_means": _("Computed here from the published bundle, without our servers."),
    "recomputed_here": _("Recomputed in this browser from the published bundle."),
    "nobody_drawn": _("The pool was empty"),
    "stage_ready": _("The draw is made"),
    "stage_how": _("Press the space bar or click for the first winner."),
    "stage_prize": _("Winner %(number)s of %(total)s"),
    "stage_index": _("Index in the pool"),
    "stage_over": _("All winners"),
}


def for_script() -> dict[str, str]:
    """The texts in the reader's language, and the site's time zone."""
    return {name: str(text) for name, text in _SCRIPT.items()} | {"zone": settings.TIME_ZONE}


def plain(words: dict[str, Any], code: str) -> str:
    """The code in words; what a person wrote stays as it is."""
    return str(words.get(code, code))
