"""The dealers' pages. Each is handed the dealer of whoever is signed in, and reads through that dealer alone."""

import secrets
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cards import orders as ordering
from cards.models import Dealer, OrderState
from cashback.lib.errors import DomainError
from cashback.portal import selectors
from cashback.portal.forms import OrderForm
from cashback.portal.paging import PAGE_SIZE, cut, key_of, page

# The form's number in the session: a reviewed order is placed once, however often its button is pressed.
TICKET = "portal_order_ticket"


@require_safe
def overview(request: HttpRequest, dealer: Dealer) -> HttpResponse:
    """Money by program, orders by state, cards sold and registered."""
    return _show(
        request,
        dealer,
        "overview",
        wallets=selectors.wallets_of(dealer),
        states=selectors.orders_by_state(dealer),
        sold=selectors.sold_to(dealer),
        latest=list(selectors.orders_of(dealer).order_by("-pk")[:5]),
    )


@require_safe
def orders(request: HttpRequest, dealer: Dealer) -> HttpResponse:
    """The dealer's orders, newest first, all or those of one state."""
    rows, state = selectors.orders_of(dealer), request.GET.get("state", "")
    if state:
        if state not in OrderState.values:
            raise Http404
        rows = rows.filter(state=state)
    found = page(rows, key_of(request.GET.get("before")))
    return _show(request, dealer, "orders", page=found, state=state, states=OrderState)


@require_safe
def order(request: HttpRequest, dealer: Dealer, order_id: int) -> HttpResponse:
    """One order: where it stands, how to pay it, what it brought."""
    found = get_object_or_404(selectors.orders_of(dealer), pk=order_id)
    lots = list(selectors.lots_of(dealer).filter(order=found).order_by("first_number")[:PAGE_SIZE])
    return _show(request, dealer, "order", order=found, lots=selectors.with_registered(lots), OrderState=OrderState)


def new_order(request: HttpRequest, dealer: Dealer) -> HttpResponse:
    """Fill in, see the amount, confirm. Going back keeps everything typed."""
    now = timezone.now()
    if request.method != "POST":
        return _show(request, dealer, "new_order", form=OrderForm(now=now))
    form = OrderForm(request.POST, now=now)
    step = request.POST.get("step", "review")
    if not form.is_valid() or step == "edit":
        return _show(request, dealer, "new_order", form=form, status=200 if step == "edit" else 422)
    if step == "confirm":
        return _place(request, dealer, form)
    request.session[TICKET] = ticket = secrets.token_hex(8)
    return _show(request, dealer, "review_order", form=form, ticket=ticket)


def _place(request: HttpRequest, dealer: Dealer, form: OrderForm) -> HttpResponse:
    ticket = request.session.pop(TICKET, "")
    if not ticket or ticket != request.POST.get("ticket"):
        messages.warning(request, _("This order was placed already, or its page is old. Your orders are below."))
        return redirect("dealer:orders")
    request.session.save()
    try:
        placed = ordering.place(
            dealer_id=dealer.pk,
            program_id=form.cleaned_data["program"].pk,
            cards=form.cleaned_data["cards"],
            product_name=form.cleaned_data["product_name"],
            product_specification=form.cleaned_data["product_specification"],
            placed_by_id=request.user.pk or 0,
            now=timezone.now(),
        )
    except DomainError as error:
        form.refuse(error)
        return _show(request, dealer, "new_order", form=form, status=422)
    messages.success(request, _("Your order %(order)s is placed.") % {"order": placed.pk})
    return redirect("dealer:order", placed.pk)


@require_POST
def cancel_order(request: HttpRequest, dealer: Dealer, order_id: int) -> HttpResponse:
    """Give up an order that is not paid yet."""
    found = get_object_or_404(selectors.orders_of(dealer), pk=order_id)
    if found.state != OrderState.PLACED or found.payment_prepared_at:
        messages.error(request, _("Its payment was seen already; ask the organizer."))
        return redirect("dealer:order", order_id)
    try:
        ordering.cancel(order_id=order_id, now=timezone.now())
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("Order %(order)s is cancelled.") % {"order": order_id})
    return redirect("dealer:order", order_id)


@require_safe
def lots(request: HttpRequest, dealer: Dealer) -> HttpResponse:
    """The dealer's lots, newest first, with how many of their cards are registered."""
    found = page(selectors.lots_of(dealer), key_of(request.GET.get("before")))
    return _show(request, dealer, "lots", page=found, lots=selectors.with_registered(found.rows))


@require_safe
def lot(request: HttpRequest, dealer: Dealer, lot_id: int) -> HttpResponse:
    """One lot: its range as printed, its product, how many of its cards are registered."""
    found = get_object_or_404(selectors.lots_of(dealer).select_related("order"), pk=lot_id)
    [(found, registered)] = selectors.with_registered([found])
    return _show(request, dealer, "lot", lot=found, registered=registered)


@require_safe
def statement(request: HttpRequest, dealer: Dealer) -> HttpResponse:
    """What came into the dealer's wallets and what left them, newest first."""
    before = key_of(request.GET.get("before"))
    lines = selectors.statement_of(dealer, before, PAGE_SIZE + 1)
    found = cut(lines, before, PAGE_SIZE, lambda line: line[0].key)
    return _show(request, dealer, "statement", page=found, wallets=selectors.wallets_of(dealer))


def _show(request: HttpRequest, dealer: Dealer, name: str, *, status: int = 200, **context: Any) -> HttpResponse:
    return render(request, f"portal/{name}.html", {"dealer": dealer, "here": name, **context}, status=status)
