"""Who gets in where, and what they read who do not."""

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.test import Client, override_settings

from cashback.accounts.models import User
from tests.factories import make_user

PASSWORD = "correct horse battery"


def with_password(role: str, **overrides: object) -> User:
    user = make_user(role, **overrides)
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    return user


def sign_in(client: Client, path: str, user: User, password: str = PASSWORD) -> str:
    answer = client.post(path, {"username": user.username, "password": password, "next": "/"})
    return "in" if answer.status_code == 302 else answer.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["organizer", "checker", "operator"])
def test_staff_sign_in_at_the_organizers_door(client: Client, role: str) -> None:
    assert sign_in(client, "/admin/login/", with_password(role)) == "in"


@pytest.mark.django_db
def test_a_dealer_is_sent_to_the_dealers_door(client: Client) -> None:
    page = sign_in(client, "/admin/login/", with_password("dealer"))
    assert "Dealers sign in at /dealer/" in page


@pytest.mark.django_db
def test_which_side_somebody_belongs_to_is_told_only_with_the_password(client: Client) -> None:
    assert "/dealer/." not in sign_in(client, "/admin/login/", with_password("dealer"), "wrong")


@pytest.mark.django_db
def test_the_eleventh_wrong_password_reads_how_long_to_wait(client: Client) -> None:
    user = with_password("organizer")
    answers = [
        client.post("/admin/login/", {"username": user.username, "password": f"wrong {number}"}) for number in range(11)
    ]
    assert answers[-1].status_code == 429
    assert answers[-1]["Retry-After"] == "900"
    assert "for 15 minutes" in answers[-1].content.decode()
    assert sign_in(client, "/admin/login/", user) != "in", "the right password waits too"


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["203.0.113.9", "2001:db8::7"])
def test_a_guesser_behind_our_proxy_locks_nobody_else_out(client: Client, address: str) -> None:
    user = with_password("organizer")
    guesser = Client(REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=address)
    owner = Client(REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="198.51.100.4")
    with override_settings(TRUSTED_PROXIES=["10.0.0.1"]):
        for number in range(11):
            answer = guesser.post("/admin/login/", {"username": user.username, "password": f"wrong {number}"})
        assert answer.status_code == 429
        assert sign_in(owner, "/admin/login/", user) == "in"


@pytest.mark.django_db
def test_an_organizer_lets_somebody_in_again(client: Client) -> None:
    user, organizer = with_password("checker"), with_password("organizer")
    for number in range(11):
        client.post("/admin/login/", {"username": user.username, "password": f"wrong {number}"})
    office = Client()
    office.force_login(organizer, "django.contrib.auth.backends.ModelBackend")
    office.post("/admin/accounts/user/", {"action": "let_in_again", "_selected_action": [user.pk]})
    assert sign_in(client, "/admin/login/", user) == "in"


@pytest.mark.django_db
def test_the_first_account_is_made_with_a_role() -> None:
    call_command("createsuperuser", interactive=False, username="first", role="organizer")
    assert get_user_model().objects.get(username="first").role == "organizer"
    with pytest.raises(CommandError):
        call_command("createsuperuser", interactive=False, username="second")
