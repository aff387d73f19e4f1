"""Gifts in the organizers' admin: the catalogue and its stock, and the desk where gifts are packed and posted."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from cards.models import Dealer, Program
from cashback.accounts.admin_acting import act_on_each
from cashback.accounts.admin_paging import KeysetAdmin
from cashback.accounts.admin_roles import OFFICE, RoleAdmin
from cashback.lib.errors import DomainError
from cashback.lib.money import format_minor
from payouts import catalogue, gift_desk, labels, stock
from payouts.gift_desk import ItemResult
from payouts.gift_forms import CodesForm, OfferForm, PiecesForm, WriteOffForm
from payouts.models import Gift, Offer, StockMove, Way

DEALERS_MAX = 100
OPEN = [Gift.State.CHOSEN, Gift.State.READY]


@admin.register(Offer)
class OfferAdmin(RoleAdmin, KeysetAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """The catalogue: what may be chosen, what it costs, how many there are."""

    may_add = OFFICE
    may_change = OFFICE
    form = OfferForm
    change_form_template = "admin/payouts/offer/change_form.html"
    list_display = ["shown_name", "program", "cost", "stock", "reserved", "free", "ways", "active", "buy"]
    list_select_related = ["program"]
    list_filter = ["active", "program"]
    actions = ["put_up", "take_down"]
    readonly_fields = ["shown_picture", "stock", "reserved"]
    fieldsets = [
        (None, {"fields": ["program", "position", "active"]}),
        (gettext_lazy("What it is"), {"fields": ["name", "name_zh", "about", "about_zh", "upload", "shown_picture"]}),
        (
            gettext_lazy("What it costs"),
            {
                "fields": ["cost_minor", "stock", "reserved"],
                "description": gettext_lazy("Once stock was bought the cost stays: the books hold the stock at it."),
            },
        ),
        (
            gettext_lazy("How it reaches a holder"),
            {
                "fields": ["at_dealer", "by_post", "by_code", "substitute"],
                "description": gettext_lazy("At a dealer, by post or both; or an e-code and nothing else."),
            },
        ),
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """An offer stays in its program."""
        return [*self.readonly_fields, "program"] if obj else list(self.readonly_fields)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form calls the verbs, so it must know for whom."""
        form: Any = super().get_form(request, obj, change, **kwargs)
        form.by_id = _person(request)
        return form

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """The form has called the verbs; take on what they made."""
        obj.pk = form.saved.pk
        obj.refresh_from_db()

    def get_urls(self) -> list[URLPattern]:
        """Stock has a page of its own, and what is gone of it another."""
        view = self.admin_site.admin_view(self.stock_view)
        buying = path("<int:offer_id>/stock/", view, name="payouts_offer_stock")
        losing = path("<int:offer_id>/write-off/", view, {"losing": True}, name="payouts_offer_write_off")
        return [buying, losing, *super().get_urls()]

    def stock_view(self, request: HttpRequest, offer_id: int, *, losing: bool = False) -> HttpResponse:
        """Buy pieces or put e-codes in; or write off what nobody has chosen."""
        offer = get_object_or_404(Offer.objects.select_related("program"), pk=offer_id)
        if not self.has_change_permission(request, offer):
            return HttpResponseRedirect(reverse("admin:payouts_offer_changelist"))
        kind: Any = WriteOffForm if losing else CodesForm if offer.by_code else PiecesForm
        form = kind(request.POST or None, request.FILES or None)
        work = self._written_off_stock if losing else self._bought
        if request.method == "POST" and form.is_valid() and work(request, offer, form):
            return HttpResponseRedirect(reverse("admin:payouts_offer_stock", args=[offer.pk]))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Stock of %(gift)s") % {"gift": _name(offer)},
            "opts": self.opts,
            "offer": offer,
            "losing": losing,
            "form": form,
            "cost": format_minor(offer.cost_minor, offer.program.currency),
            "moves": StockMove.objects.filter(offer=offer).select_related("by").order_by("-pk")[:20],
        }
        status = 422 if form.is_bound else 200
        response = TemplateResponse(request, "admin/payouts/offer/stock.html", context, status=status)
        response.headers["Cache-Control"] = "no-store"
        return response

    def _written_off_stock(self, request: HttpRequest, offer: Offer, form: Any) -> bool:
        try:
            stock.write_off(offer_id=offer.pk, by_id=_person(request), now=timezone.now(), **form.cleaned_data)
        except DomainError as refusal:
            form.refuse(refusal)
            return False
        messages.success(request, _("%(pieces)s pieces are written off.") % {"pieces": form.cleaned_data["pieces"]})
        return True

    def _bought(self, request: HttpRequest, offer: Offer, form: Any) -> bool:
        given = {"offer_id": offer.pk, "reference": form.cleaned_data["reference"], "by_id": _person(request)}
        try:
            if offer.by_code:
                added = stock.add_codes(codes=form.codes, now=timezone.now(), **given)
            else:
                stock.buy_stock(pieces=form.cleaned_data["pieces"], now=timezone.now(), **given)
        except DomainError as refusal:
            form.refuse(refusal)
            return False
        if not offer.by_code:
            messages.success(request, _("%(pieces)s pieces are in stock.") % {"pieces": form.cleaned_data["pieces"]})
            return True
        messages.success(request, _("%(count)s codes are new and in stock.") % {"count": added.added})
        if added.doubled:
            messages.warning(
                request, _("%(count)s codes were there before and are left out.") % {"count": added.doubled}
            )
        for note in form.notes:
            messages.warning(request, note)
        return True

    @admin.action(description=gettext_lazy("Put up: can be chosen"))
    def put_up(self, request: HttpRequest, queryset: QuerySet[Offer]) -> None:
        """On offer again."""
        self._set_active(request, queryset, active=True)

    @admin.action(description=gettext_lazy("Take down: what is chosen stays chosen"))
    def take_down(self, request: HttpRequest, queryset: QuerySet[Offer]) -> None:
        """Not on offer any more."""
        self._set_active(request, queryset, active=False)

    def _set_active(self, request: HttpRequest, queryset: QuerySet[Offer], *, active: bool) -> None:
        by_id = _person(request)
        done = _("%(gift)s can be chosen.") if active else _("%(gift)s can be chosen no more.")
        act_on_each(
            request,
            queryset,
            lambda offer: catalogue.set_active(offer_id=offer.pk, active=active, by_id=by_id),
            lambda offer: done % {"gift": offer},
        )

    @admin.display(description=gettext_lazy("name"))
    def shown_name(self, offer: Offer) -> str:
        """In the reader's language."""
        return _name(offer)

    @admin.display(description=gettext_lazy("cost of one"))
    def cost(self, offer: Offer) -> str:
        """With its currency."""
        return format_minor(offer.cost_minor, offer.program.currency)

    @admin.display(description=gettext_lazy("free"))
    def free(self, offer: Offer) -> int:
        """What can still be chosen."""
        return offer.stock - offer.reserved

    @admin.display(description=gettext_lazy("ways"))
    def ways(self, offer: Offer) -> str:
        """How it reaches a holder."""
        ways = ((Way.DEALER, offer.at_dealer), (Way.POST, offer.by_post), (Way.CODE, offer.by_code))
        return ", ".join(str(way.label) for way, there in ways if there)

    @admin.display(description="")
    def buy(self, offer: Offer) -> SafeString:
        """To the stock's page."""
        address = reverse("admin:payouts_offer_stock", args=[offer.pk])
        return format_html('<a href="{}">{}</a>', address, _("Buy stock"))

    @admin.display(description=gettext_lazy("picture as it is shown"), empty_value="-")
    def shown_picture(self, offer: Offer) -> SafeString | None:
        """The picture that holders see."""
        if not offer.picture_id:
            return None
        return format_html(
            '<img class="offer-picture" src="{}" alt="">', reverse("gift_picture", args=[offer.picture_id])
        )


@admin.register(StockMove)
class StockMoveAdmin(RoleAdmin, KeysetAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Why stock changed."""

    list_display = ["id", "offer", "kind", "pieces", "reference", "at", "by"]
    list_select_related = ["offer", "by"]


class AtDealer(admin.SimpleListFilter):
    """Dealers who have gifts at their counter, or coming."""

    title = gettext_lazy("dealer")
    parameter_name = "dealer"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Their codes; whoever is not among the first is found by the search."""
        there = Gift.objects.filter(dealer=OuterRef("pk"), state__in=OPEN)
        codes = Dealer.objects.filter(Exists(there)).order_by("code").values_list("code", flat=True)
        return [(code, code) for code in codes[:DEALERS_MAX]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Gift]) -> QuerySet[Gift]:
        """What lies there or is coming."""
        return queryset.filter(dealer__code=self.value(), state__in=OPEN) if self.value() else queryset


@admin.register(Gift)
class GiftAdmin(RoleAdmin, KeysetAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """The desk: gifts by program, state, way and dealer; each action answers gift by gift."""

    change_list_template = "admin/payouts/gift/change_list.html"  # type: ignore[misc]
    list_display = ["number", "program", "gift_name", "state", "way", "dealer", "tracking", "since"]
    list_select_related = ["program", "offer", "dealer"]
    list_filter = ["state", "way", "program", AtDealer]
    list_per_page = 200  # type: ignore[misc]
    search_fields = ["dealer__code__exact"]
    search_help_text = gettext_lazy("A dealer’s code")
    actions = ["make_ready", "delivered", "replaced", "lost", "print_labels"]

    @admin.display(description=gettext_lazy("number"))
    def number(self, gift: Gift) -> int:
        """The award's, which stands on label and pick list."""
        return int(gift.pk)

    @admin.display(description=gettext_lazy("gift"), empty_value="-")
    def gift_name(self, gift: Gift) -> str | None:
        """What was chosen."""
        return _name(gift.offer) if gift.offer else None

    @admin.action(description=gettext_lazy("Ready: at the dealer’s counter, or posted"))
    def make_ready(self, request: HttpRequest, queryset: QuerySet[Gift]) -> HttpResponse | None:
        """Parcels are asked for their tracking numbers first."""
        chosen = list(queryset.order_by("pk"))
        parcels = any(gift.way == Way.POST and gift.state == Gift.State.CHOSEN for gift in chosen)
        if parcels and "confirmed" not in request.POST:
            return self._ask(request, chosen, "make_ready", _("Which gifts are ready?"), tracking=True)
        tracking = {gift.pk: request.POST.get(f"tracking_{gift.pk}", "").strip() for gift in chosen}
        self._each(
            request,
            chosen,
            lambda award_ids: gift_desk.make_ready(
                award_ids=award_ids,
                tracking={award: number for award, number in tracking.items() if number},
                by_id=_person(request),
                now=timezone.now(),
            ),
        )
        return None

    @admin.action(description=gettext_lazy("Delivered: the parcel has arrived"))
    def delivered(self, request: HttpRequest, queryset: QuerySet[Gift]) -> None:
        """The carrier says so."""
        self._each(request, list(queryset.order_by("pk")), _by(request, gift_desk.delivered))

    @admin.action(description=gettext_lazy("Replace: broken, or not to be had"))
    def replaced(self, request: HttpRequest, queryset: QuerySet[Gift]) -> HttpResponse | None:
        """A piece is written off and another set aside."""
        return self._written_off(request, queryset, "replaced", _("Replace these gifts?"), gift_desk.replaced)

    @admin.action(description=gettext_lazy("Lost in the post: send another"))
    def lost(self, request: HttpRequest, queryset: QuerySet[Gift]) -> HttpResponse | None:
        """A parcel is written off and another piece set aside."""
        return self._written_off(request, queryset, "lost", _("Are these parcels lost?"), gift_desk.lost)

    @admin.action(description=gettext_lazy("Labels of the parcels (PDF)"))
    def print_labels(self, request: HttpRequest, queryset: QuerySet[Gift]) -> HttpResponse | None:
        """Names and addresses leave the site on paper alone; who printed which is noted by number."""
        chosen = list(queryset.filter(way=Way.POST, state__in=OPEN).order_by("pk"))
        try:
            sheet = labels.labels(award_ids=[gift.pk for gift in chosen], by_id=_person(request), now=timezone.now())
        except DomainError as refusal:
            messages.error(request, refusal.message)
            return None
        printed = [gift for gift in chosen if gift.pk in set(sheet.printed)]
        if not printed:
            messages.warning(request, _("None of these is a parcel whose address is held."))
            return None
        LogEntry.objects.log_actions(_person(request), printed, CHANGE, change_message="label printed")
        for awards, said in (
            (sheet.unreadable, _("The font lacks a character on the labels of %(awards)s: complete them by hand.")),
            (sheet.too_long, _("The labels of %(awards)s are cut off: complete them by hand.")),
        ):
            if awards:
                messages.warning(request, said % {"awards": ", ".join(map(str, awards))})
        headers = {"Content-Disposition": 'attachment; filename="labels.pdf"', "Cache-Control": "no-store"}
        return HttpResponse(sheet.pdf, content_type="application/pdf", headers=headers)

    def get_urls(self) -> list[URLPattern]:
        """The pick list has a page of its own."""
        picking = path("pick-list/", self.admin_site.admin_view(self.pick_list_view), name="payouts_gift_pick_list")
        return [picking, *super().get_urls()]

    def pick_list_view(self, request: HttpRequest) -> HttpResponse:
        """What to take off the shelves, for printing."""
        if not self.has_view_permission(request):
            return HttpResponseRedirect(reverse("admin:index"))
        waiting = Gift.objects.filter(program=OuterRef("pk"), state=Gift.State.CHOSEN)
        programs = list(Program.objects.filter(Exists(waiting)).order_by("code"))
        asked = request.GET.get("program", "")
        program = next((found for found in programs if found.code == asked), programs[0] if programs else None)
        chinese = (get_language() or "").startswith("zh")
        picks: list[dict[str, Any]] = [
            {
                "name": pick.name_zh if chinese else pick.name,
                "way": Way(pick.way).label,
                "dealer": pick.dealer,
                "pieces": pick.pieces,
                "awards": pick.award_ids,
            }
            for pick in (gift_desk.pick_list(program.pk) if program else [])
        ]
        context = {
            **self.admin_site.each_context(request),
            "title": _("Pick list"),
            "opts": self.opts,
            "program": program,
            "programs": programs,
            "picks": picks,
            "pieces": sum(pick["pieces"] for pick in picks),
            "now": timezone.now(),
        }
        return TemplateResponse(request, "admin/payouts/gift/pick_list.html", context)

    def _written_off(
        self, request: HttpRequest, queryset: QuerySet[Gift], action: str, question: str, verb: Callable[..., Any]
    ) -> HttpResponse | None:
        chosen = list(queryset.order_by("pk"))
        if "confirmed" not in request.POST:
            return self._ask(request, chosen, action, question)
        self._each(request, chosen, _by(request, verb))
        return None

    def _ask(
        self, request: HttpRequest, chosen: Sequence[Gift], action: str, title: str, *, tracking: bool = False
    ) -> HttpResponse:
        """A page between choosing rows and acting on them."""
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "gifts": [{"gift": gift, "name": _name(gift.offer) if gift.offer else "-"} for gift in chosen],
            "action": action,
            "tracking": tracking,
        }
        return TemplateResponse(request, "admin/payouts/gift/ask.html", context)

    def _each(
        self, request: HttpRequest, chosen: Sequence[Gift], verb: Callable[[list[int]], Iterable[ItemResult]]
    ) -> None:
        """Call the verb for all of them, and say of each what came of it."""
        results = list(verb([gift.pk for gift in chosen]))
        done = sum(result.ok for result in results)
        for result in results:
            level = messages.SUCCESS if result.ok else messages.ERROR
            messages.add_message(request, level, f"{result.award_id}: {result.message}")
        if len(results) > 1:
            said = ngettext("%(done)s of %(all)s gift is done.", "%(done)s of %(all)s gifts are done.", len(results))
            messages.info(request, said % {"done": done, "all": len(results)})


def _by(request: HttpRequest, verb: Callable[..., Any]) -> Callable[[list[int]], Iterable[ItemResult]]:
    return lambda award_ids: verb(award_ids=award_ids, by_id=_person(request), now=timezone.now())


def _name(offer: Offer) -> str:
    return offer.name_zh if (get_language() or "").startswith("zh") else offer.name


def _person(request: HttpRequest) -> int:
    assert request.user.pk is not None
    return request.user.pk
