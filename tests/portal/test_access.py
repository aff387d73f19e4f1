"""Keys to the API: shown once, one's own alone."""

import pytest
from knox.models import AuthToken

from tests.factories import make_dealer
from tests.portal.doors import member_of


@pytest.mark.django_db
def test_a_key_is_shown_once_and_opens_the_api() -> None:
    dealer = make_dealer()
    client = member_of(dealer)
    page = client.post("/dealer/access/new/")
    token = page.context["token"]
    assert token in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert token not in client.get("/dealer/access/").content.decode()
    answer = client.get("/api/v1/dealer/lots", headers={"authorization": f"Token {token}"})
    assert answer.status_code == 200


@pytest.mark.django_db
def test_a_revoked_key_opens_nothing() -> None:
    client = member_of(make_dealer())
    token = client.post("/dealer/access/new/").context["token"]
    [kept] = AuthToken.objects.all()
    client.post(f"/dealer/access/{kept.digest}/revoke/")
    assert client.get("/api/v1/dealer/lots", headers={"authorization": f"Token {token}"}).status_code == 401


@pytest.mark.django_db
def test_nobody_sees_or_revokes_somebody_elses_key() -> None:
    member_of(make_dealer()).post("/dealer/access/new/")
    [kept] = AuthToken.objects.all()
    stranger = member_of(make_dealer())
    assert kept.token_key not in stranger.get("/dealer/access/").content.decode()
    assert stranger.post(f"/dealer/access/{kept.digest}/revoke/").status_code == 404
    assert AuthToken.objects.count() == 1


@pytest.mark.django_db
def test_there_is_a_limit_on_keys() -> None:
    client = member_of(make_dealer())
    for _ in range(12):
        client.post("/dealer/access/new/")
    assert AuthToken.objects.count() == 10
