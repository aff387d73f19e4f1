"""A draw's steps in the organizers' admin: what each page shows, who may take it, what is refused at which field."""

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cards.models import Lot, Program
from cashback.accounts.models import Role
from cashback.lib.serials import format_serial
from lottery import announcing, drawing_up, funding
from lottery.models import Declaration, Draw, DrawState, Figure, PrizeCap
from tests.factories import make_dealer, make_program, make_user, sell
from tests.lottery.draws import HOUR, Table, lay, pooled
from tests.portal.doors import signed_in

pytestmark = pytest.mark.django_db
STEPS = ("announce", "approve-fund", "void", "certify")


@pytest.fixture
def organizer() -> Client:
    return signed_in(make_user(Role.ORGANIZER))


@pytest.fixture
def checker() -> Client:
    return signed_in(make_user(Role.CHECKER))


@pytest.fixture
def table() -> Table:
    return lay(pooled()[0])


def step(draw: Draw, name: str) -> str:
    return f"/admin/lottery/draw/{draw.pk}/{name}/"


def at(by: Client, address: str) -> str:
    response = by.get(address)
    assert response.status_code == 200
    return response.content.decode()


def moment(prefix: str, when: datetime) -> dict[str, str]:
    local = timezone.localtime(when)
    return {f"{prefix}_0": f"{local:%Y-%m-%d}", f"{prefix}_1": f"{local:%H:%M:%S}"}


def draft(program: Program, /, **changes: str) -> dict[str, str]:
    """What somebody types into the form for adding a draw."""
    now = timezone.now()
    typed = {
        "code": "NEW-1",
        "program": str(program.pk),
        "name": "New",
        "reserves": "2",
        "paid_included": "on",
        **moment("registered_until", now + HOUR),
        **moment("freezes_at", now + 2 * HOUR),
        **moment("reveals_at", now + 3 * HOUR),
        "prizes-TOTAL_FORMS": "1",
        "prizes-INITIAL_FORMS": "0",
        "prizes-0-position": "0",
        "prizes-0-name": "First",
        "prizes-0-amount_minor": "10000",
        "prizes-0-count": "1",
        "figures-TOTAL_FORMS": "1",
        "figures-INITIAL_FORMS": "0",
        "figures-0-position": "0",
        "figures-0-name": "index",
        **moment("figures-0-published_at", now + 4 * HOUR),
    }
    return {**typed, **changes}


def test_a_draft_is_written_with_its_prizes_and_figures(organizer: Client) -> None:
    program = make_program()
    response = organizer.post("/admin/lottery/draw/add/", draft(program))
    assert response.status_code == 302, response.context["errors"]
    draw = Draw.objects.get(code="NEW-1")
    assert (draw.state, draw.prizes.count(), draw.figures.count()) == (DrawState.DRAFT, 1, 1)


def test_a_round_of_the_beacon_names_itself(organizer: Client) -> None:
    typed = draft(make_program(), **{"figures-0-name": "", "figures-0-beacon_round": "9000000"})
    typed |= {"figures-0-published_at_0": "", "figures-0-published_at_1": ""}
    assert organizer.post("/admin/lottery/draw/add/", typed).status_code == 302
    never = organizer.post("/admin/lottery/draw/add/", typed | {"code": "NEW-2", "figures-0-beacon_round": str(2**53)})
    assert "There is no such round." in never.content.decode()
    figure = Figure.objects.get()
    assert (figure.name, figure.beacon_round) == ("drand-quicknet-9000000", 9_000_000)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": "lower case"}, "code"),
        ({"code": "D" * 33}, "code"),
        (moment("freezes_at", timezone.now() - timedelta(days=1)), "freezes_at"),
        (moment("reveals_at", timezone.now() - timedelta(days=1)), "reveals_at"),
        (moment("registered_from", timezone.now() + timedelta(days=9)), "registered_until"),
        ({"program": ""}, "program"),
    ],
)
def test_what_is_wrong_with_a_draft_is_said_at_its_field(
    organizer: Client, changes: dict[str, str], field: str
) -> None:
    page = organizer.post("/admin/lottery/draw/add/", draft(make_program(), **changes))
    assert page.status_code == 200
    assert field in page.context["adminform"].form.errors, page.context["errors"]
    assert not Draw.objects.exists()


@pytest.mark.parametrize(("currency", "amount_minor"), [("CNY", "5000001"), ("EUR", "100")])
def test_a_prize_above_the_cap_is_refused_at_its_field(organizer: Client, currency: str, amount_minor: str) -> None:
    typed = draft(make_program(currency=currency), **{"prizes-0-amount_minor": amount_minor})
    page = organizer.post("/admin/lottery/draw/add/", typed)
    assert page.status_code == 200
    [prizes, _figures] = page.context["inline_admin_formsets"]
    assert "amount_minor" in prizes.formset.errors[0]
    assert not Draw.objects.exists()


def test_a_draft_with_neither_name_nor_round_of_a_figure_is_refused(organizer: Client) -> None:
    page = organizer.post("/admin/lottery/draw/add/", draft(make_program(), **{"figures-0-name": ""}))
    assert page.status_code == 200
    assert not Draw.objects.exists()


def test_announcing_shows_what_gets_locked_and_locks_it(table: Table, organizer: Client) -> None:
    draw = table.draw
    page = at(organizer, step(draw, "announce"))
    for said in (draw.code, "500.00", "700.00", "index", "lotto", "Announce, and lock all this"):
        assert said in page
    assert organizer.post(step(draw, "announce")).status_code == 302
    assert table.read().state == DrawState.ANNOUNCED
    form = at(organizer, f"/admin/lottery/draw/{draw.pk}/change/")
    assert 'name="name"' not in form
    assert 'name="prizes-0-amount_minor"' not in form
    typed = {"name": "Other", "prizes-TOTAL_FORMS": "0", "prizes-INITIAL_FORMS": "0"}
    assert organizer.post(f"/admin/lottery/draw/{draw.pk}/change/", typed).status_code == 403
    assert table.read().name == "Summer"


def test_what_stands_against_an_announcement_is_named_by_its_field(table: Table, organizer: Client) -> None:
    PrizeCap.objects.filter(currency="CNY").update(amount_minor=40_000)
    Figure.objects.filter(draw=table.draw, position=0).update(published_at=table.frozen + timedelta(minutes=5))
    page = at(organizer, step(table.draw, "announce"))
    assert "prize 1, amount" in page
    assert "figure 1, published at" in page
    assert "Announce, and lock all this" not in page


def test_a_draw_without_its_money_is_refused_in_words(organizer: Client) -> None:
    table = lay(pooled()[0], fund=69_999)
    page = organizer.post(step(table.draw, "announce"))
    assert "pay in the rest first" in page.content.decode()
    assert table.read().state == DrawState.DRAFT


def test_money_is_paid_into_the_fund_after_a_look_at_the_amount(organizer: Client) -> None:
    program = make_program()
    typed = {"program": str(program.pk), "amount_minor": "12300", "reference": "BANK-77"}
    review = organizer.post(reverse("admin:lottery_draw_fund"), typed)
    assert "123.00" in review.content.decode()
    assert funding.fund(program_id=program.pk).balance_minor == 0
    assert organizer.post(reverse("admin:lottery_draw_fund"), {**typed, "go": "confirm"}).status_code == 302
    assert funding.fund(program_id=program.pk).balance_minor == 12_300
    again = organizer.post(reverse("admin:lottery_draw_fund"), {**typed, "go": "confirm"})
    assert again.status_code == 200
    assert again.context["form"].non_field_errors()
    assert funding.fund(program_id=program.pk).balance_minor == 12_300


@pytest.mark.parametrize(
    "changes", [{"amount_minor": "0"}, {"amount_minor": "1.5"}, {"reference": ""}, {"program": ""}]
)
def test_nothing_is_paid_in_by_a_form_that_is_wrong(organizer: Client, changes: dict[str, str]) -> None:
    program = make_program()
    typed = {"program": str(program.pk), "amount_minor": "12300", "reference": "BANK-78", "go": "confirm", **changes}
    page = organizer.post(reverse("admin:lottery_draw_fund"), typed)
    assert list(page.context["form"].errors) == list(changes)
    assert funding.fund(program_id=program.pk).balance_minor == 0


def test_a_draw_is_called_off_with_a_reason(table: Table, organizer: Client) -> None:
    table.announce()
    assert "reason" in organizer.post(step(table.draw, "void"), {"reason": " "}).context["form"].errors
    assert organizer.post(step(table.draw, "void"), {"reason": "A misprint."}).status_code == 302
    assert (table.read().state, table.draw.end_reason) == (DrawState.VOID, "A misprint.")
    page = organizer.post(step(table.draw, "void"), {"reason": "Again."})
    assert "is void" in page.content.decode()


def test_a_second_person_types_a_figure_without_seeing_it(
    table: Table, organizer: Client, checker: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    table.reveal()
    monkeypatch.setattr("lottery.admin_steps.timezone", SimpleNamespace(now=lambda: table.published))
    figure = table.figures()[0]
    address = f"/admin/lottery/draw/{table.id}/figures/{figure.pk}/"
    assert organizer.post(address, {"value": "3000.12"}).status_code == 302
    for page in (at(checker, address), at(checker, f"/admin/lottery/draw/{table.id}/change/")):
        assert "3000.12" not in page
    wrong = checker.post(address, {"value": "3000.13"})
    assert "is not what the first person entered" in wrong.content.decode()
    assert organizer.post(address, {"value": "3000.12"}).status_code == 302, "who entered it may enter it anew"
    assert checker.post(address, {"value": "3000.12"}).status_code == 302
    figure.refresh_from_db()
    assert figure.confirmed_at is not None
    assert figure.entered_by_id != figure.confirmed_by_id
    late = organizer.post(address, {"value": "1"})
    assert "stays as it is" in late.content.decode()


def test_a_second_person_may_enter_a_figure_anew(
    table: Table, organizer: Client, checker: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    table.reveal()
    monkeypatch.setattr("lottery.admin_steps.timezone", SimpleNamespace(now=lambda: table.published))
    figure = table.figures()[0]
    address = f"/admin/lottery/draw/{table.id}/figures/{figure.pk}/"
    organizer.post(address, {"value": "9.99"})
    assert checker.post(f"{address}?anew=1", {"value": "3000.12"}).status_code == 302
    figure.refresh_from_db()
    assert (figure.value, figure.confirmed_at) == ("3000.12", None)
    assert organizer.post(address, {"value": "3000.12"}).status_code == 302
    figure.refresh_from_db()
    assert figure.confirmed_at is not None


def test_a_figure_is_refused_before_it_is_published_and_out_of_form(
    table: Table, organizer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    table.reveal()
    address = f"/admin/lottery/draw/{table.id}/figures/{table.figures()[0].pk}/"
    early = organizer.post(address, {"value": "1"})
    assert "cannot be entered before" in early.content.decode()
    monkeypatch.setattr("lottery.admin_steps.timezone", SimpleNamespace(now=lambda: table.published))
    strange = organizer.post(address, {"value": "三"})
    assert strange.context["form"].errors


def test_a_file_that_is_no_round_of_the_beacon_is_refused(
    table: Table, organizer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = 99_000_000_000
    Figure.objects.filter(draw=table.draw, position=0).update(
        name=f"drand-quicknet-{number}", beacon_round=number, published_at=table.published
    )
    monkeypatch.setattr("lottery.announcing.check", lambda **_: {})
    table.reveal()
    monkeypatch.setattr("lottery.admin_steps.timezone", SimpleNamespace(now=lambda: table.published))
    address = f"/admin/lottery/draw/{table.id}/figures/{table.figures()[0].pk}/"
    assert "file" in organizer.post(address, {}).context["form"].errors
    page = organizer.post(address, {"file": SimpleUploadedFile("round.json", b"{}")})
    assert "not a round" in page.content.decode()
    large = organizer.post(address, {"file": SimpleUploadedFile("round.json", b"x" * 5_000)})
    assert "file" in large.context["form"].errors


def test_certifying_shows_the_results_and_takes_another_person(
    table: Table, checker: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = table.verify()
    monkeypatch.setattr("lottery.admin_steps.timezone", SimpleNamespace(now=lambda: table.published))
    page = at(checker, step(draw, "certify"))
    for said in (table.results()[0].leaf, draw.pool_hash, "3000.12", "3 winners"):
        assert said in page
    first = Client()
    first.force_login(draw.announced_by, "django.contrib.auth.backends.ModelBackend")  # type: ignore[arg-type]
    own = at(first, step(draw, "certify"))
    assert "another person must certify" in own
    assert table.results()[0].leaf in own
    assert '<input type="submit"' not in own
    assert first.post(step(draw, "certify")).status_code == 200
    assert table.read().state == DrawState.VERIFIED
    assert checker.post(step(draw, "certify")).status_code == 302
    assert table.read().state == DrawState.CERTIFIED
    assert "certified" in at(checker, f"/admin/lottery/draw/{draw.pk}/change/")


def test_a_fund_is_taken_over_by_two_people(organizer: Client, checker: Client) -> None:
    program = pooled()[0]
    old = lay(program)
    old.verify()
    drawing_up.expire(draw_id=old.id, now=old.revealed + timedelta(days=7))
    new = lay(program, fund=0, takes_fund_of=old.read())
    assert "700.00" in at(organizer, step(new.draw, "approve-fund"))
    assert organizer.post(step(new.draw, "approve-fund")).status_code == 302
    refused = organizer.post(step(new.draw, "announce"))
    assert "Somebody else must do this" in refused.content.decode()
    assert checker.post(step(new.draw, "announce")).status_code == 302
    assert new.read().state == DrawState.ANNOUNCED


def test_only_funds_that_can_be_taken_are_offered(organizer: Client) -> None:
    program, other_program = pooled()[0], pooled()[0]
    called_off, free, foreign = lay(program), lay(program), lay(other_program)
    for table in (called_off, free, foreign):
        table.announce()
    announcing.void(draw_id=called_off.id, by_id=called_off.checker, reason="Misprinted.", now=timezone.now())
    for table in (free, foreign):
        drawing_up.expire(draw_id=table.id, now=table.revealed + timedelta(days=8))
    new = lay(program, fund=0)
    page = organizer.get(f"/admin/lottery/draw/{new.id}/change/")
    assert list(page.context["adminform"].form.fields["takes_fund_of"].queryset) == [free.draw]
    for old in (called_off, foreign):
        page = organizer.post("/admin/lottery/draw/add/", draft(program, takes_fund_of=str(old.id)))
        assert "takes_fund_of" in page.context["adminform"].form.errors
    assert organizer.post("/admin/lottery/draw/add/", draft(program, takes_fund_of=str(free.id))).status_code == 302
    assert Draw.objects.get(code="NEW-1").takes_fund_of == free.draw


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.DEALER])
def test_only_the_office_sees_the_steps(table: Table, role: Role) -> None:
    other = signed_in(make_user(role))
    pages = [step(table.draw, name) for name in STEPS]
    pages += [reverse("admin:lottery_draw_fund"), f"/admin/lottery/draw/{table.id}/figures/{table.figures()[0].pk}/"]
    for address in pages:
        assert other.get(address).status_code in {302, 403}
        assert other.post(address).status_code in {302, 403}


def test_every_list_says_what_a_draw_waits_for(table: Table, organizer: Client) -> None:
    listed = reverse("admin:lottery_draw_changelist")
    assert "being announced" in at(organizer, listed)
    table.reveal()
    assert "two people to enter the figures" in at(organizer, listed)
    for model in ("allotment", "declaration", "prizecap"):
        at(organizer, reverse(f"admin:lottery_{model}_changelist"))


def test_caps_are_the_organizers(organizer: Client, checker: Client) -> None:
    add = reverse("admin:lottery_prizecap_add")
    assert checker.get(add).status_code == 403
    assert organizer.post(add, {"currency": "EUR", "amount_minor": "100000"}).status_code == 302
    assert PrizeCap.objects.get(currency="EUR").amount_minor == 100_000


def test_organizers_declare_cards_of_staff_and_end_what_was_handed_over(organizer: Client) -> None:
    program, dealer = make_program(), make_dealer()
    sell(program, dealer, 5)
    lot = Lot.objects.get(dealer=dealer)
    add = reverse("admin:lottery_declaration_add")
    typed: dict[str, Any] = {"program": program.pk, "kind": "staff", "first": format_serial(lot.first_number)}
    assert organizer.post(add, typed).status_code == 302
    of_dealer = {**typed, "kind": "not_handed_over", "dealer": dealer.pk, "last": format_serial(lot.last_number)}
    assert organizer.post(add, of_dealer).status_code == 302
    kinds = dict(Declaration.objects.values_list("kind", "pk"))
    assert set(kinds) == {"staff", "not_handed_over"}
    listed = reverse("admin:lottery_declaration_changelist")
    action = {"action": "handed_over", "_selected_action": list(map(str, kinds.values()))}
    response = organizer.post(listed, action)
    said = [str(message) for message in get_messages(response.wsgi_request)]
    assert len(said) == 4, "two declared, one ended, one refused"
    assert Declaration.objects.get(kind="not_handed_over").ended_at is not None
    assert Declaration.objects.get(kind="staff").ended_at is None
    at(organizer, reverse("admin:lottery_declaration_change", args=[kinds["staff"]]))


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"first": "12"}, "first"), ({"dealer": ""}, "dealer"), ({"kind": "staff"}, "dealer")],
)
def test_a_declaration_that_is_wrong_is_refused_at_its_field(
    organizer: Client, changes: dict[str, str], field: str
) -> None:
    program, dealer = make_program(), make_dealer()
    sell(program, dealer, 5)
    first = format_serial(Lot.objects.get(dealer=dealer).first_number)
    typed = {"program": program.pk, "kind": "dealer", "first": first, "dealer": dealer.pk, **changes}
    page = organizer.post(reverse("admin:lottery_declaration_add"), typed)
    assert page.status_code == 200
    assert field in page.context["adminform"].form.errors
    assert not Declaration.objects.exists()


def test_a_declaration_that_the_verb_refuses_is_said(organizer: Client) -> None:
    program, dealer = make_program(), make_dealer()
    typed = {"program": program.pk, "kind": "dealer", "first": format_serial(77), "dealer": dealer.pk}
    page = organizer.post(reverse("admin:lottery_declaration_add"), typed, follow=True)
    assert "not cards of one lot" in page.content.decode()
    assert not Declaration.objects.exists()
