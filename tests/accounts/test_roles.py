"""Roles in the organizers' admin: who sees what, and that nobody deletes."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.test import Client, RequestFactory
from knox.models import AuthToken

from cashback.accounts.admin_roles import OFFICE, RoleAdmin
from cashback.accounts.models import User
from tests.factories import make_user

MODEL_ADMINS = list(admin.site._registry.values())


def as_user(user: User) -> Client:
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.parametrize("model_admin", MODEL_ADMINS, ids=str)
def test_every_model_of_the_admin_follows_the_roles(model_admin: "ModelAdmin[Any]") -> None:
    assert isinstance(model_admin, RoleAdmin)
    inlines = [inline for inline in model_admin.inlines if not issubclass(inline, RoleAdmin)]
    assert inlines == []


@pytest.mark.parametrize("model_admin", MODEL_ADMINS, ids=str)
def test_nobody_deletes(model_admin: "ModelAdmin[Any]", rf: RequestFactory) -> None:
    request = rf.get("/")
    for role in ["organizer", "checker", "operator", "dealer"]:
        request.user = User(role=role, is_staff=True, is_superuser=True)
        assert not model_admin.has_delete_permission(request)


@pytest.mark.parametrize("model_admin", MODEL_ADMINS, ids=str)
def test_operators_and_dealers_see_no_rows(model_admin: "ModelAdmin[Any]", rf: RequestFactory) -> None:
    request = rf.get("/")
    for role in ["operator", "dealer"]:
        request.user = User(role=role, is_superuser=True)
        assert not model_admin.has_view_permission(request)
    request.user = User(role="organizer", is_active=False)
    assert not model_admin.has_view_permission(request)


def test_tables_of_other_packages_are_not_shown() -> None:
    labels = {model._meta.app_label for model in admin.site._registry}
    assert not labels & {"axes", "auth", "knox"}
    assert not admin.site.is_registered(AuthToken)


@pytest.mark.django_db
def test_only_organizers_make_accounts() -> None:
    for role in ["checker", "operator"]:
        assert as_user(make_user(role)).get("/admin/accounts/user/").status_code == 403
    page = as_user(make_user("organizer")).get("/admin/accounts/user/add/")
    assert "takes two people" in page.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("role", sorted({*OFFICE, "operator", "dealer"}))
def test_a_new_account_is_on_the_side_of_its_role(role: str) -> None:
    office = as_user(make_user("organizer"))
    typed = {
        "username": "newcomer",
        "role": role,
        "password1": "a long new password",
        "password2": "a long new password",
        "is_superuser": "on",
    }
    assert office.post("/admin/accounts/user/add/", typed).status_code == 302
    made = User.objects.get(username="newcomer")
    assert (made.is_staff, made.is_superuser) == (role != "dealer", False)


@pytest.mark.django_db
def test_a_role_is_given_once_and_nobody_locks_themselves_out() -> None:
    organizer, other = make_user("organizer"), make_user("checker")
    office = as_user(organizer)
    page = f"/admin/accounts/user/{organizer.pk}/change/"
    office.post(page, {"username": organizer.username, "role": "checker"})
    office.post(f"/admin/accounts/user/{other.pk}/change/", {"username": other.username, "role": "organizer"})
    organizer.refresh_from_db()
    other.refresh_from_db()
    assert (organizer.role, organizer.is_active) == ("organizer", True)
    assert (other.role, other.is_active) == ("checker", False)


@pytest.mark.django_db
def test_an_organizer_gives_a_new_password() -> None:
    other = make_user("checker")
    page = f"/admin/accounts/user/{other.pk}/password/"
    typed = {"usable_password": "true", "password1": "a long new password", "password2": "a long new password"}
    assert as_user(make_user("organizer")).post(page, typed).status_code == 302
    other.refresh_from_db()
    assert other.check_password("a long new password")
    assert as_user(make_user("checker")).get(page).status_code == 403
