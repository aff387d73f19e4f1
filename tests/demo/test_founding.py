"""The demo: founded once, finished if it was cut short, its files readable by nobody else."""

import json
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.contrib.auth import authenticate
from django.test import RequestFactory
from pytest_django.fixtures import Settings

from cards.models import Lot, Program
from cashback.demo import founding
from cashback.demo.founding import Files, found
from payouts import catalogue

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
URL = "http://127.0.0.1:8000/"


@pytest.fixture
def files(tmp_path: Path, settings: Settings) -> Files:
    settings.DEMO = True
    return Files(tmp_path)


def test_an_empty_database_gets_a_program_people_dealers_and_cards(files: Files) -> None:
    assert found(files=files, url=URL, now=NOW)
    written = json.loads(files.demo.read_text(encoding="utf-8"))
    assert Program.objects.get(code=written["program"]).published_at is not None
    assert len(written["cards"]) >= 1_000
    assert len(written["dealers"]) == 3
    assert len(written["dealers"][0]["api_token"]) == 64
    for person in (written["organizer"], written["checker"], *written["dealers"]):
        request = RequestFactory().post("/")
        assert authenticate(request, username=person["username"], password=person["password"])


def test_every_card_to_try_is_sold(files: Files) -> None:
    found(files=files, url=URL, now=NOW)
    lots = [range(lot.first_number, lot.last_number + 1) for lot in Lot.objects.all()]
    for file in (files.demo, files.traffic):
        numbers = [int(card["serial"][:12]) for card in json.loads(file.read_text(encoding="utf-8"))["cards"]]
        assert numbers
        assert all(any(number in lot for lot in lots) for number in numbers)


def test_some_cards_are_left_to_be_sold(files: Files) -> None:
    found(files=files, url=URL, now=NOW)
    numbers = [int(card["serial"][:12]) for card in json.loads(files.unsold.read_text(encoding="utf-8"))["cards"]]
    assert len(numbers) == founding.CARDS_UNSOLD
    assert numbers == sorted(numbers)
    assert not Lot.objects.filter(last_number__gte=numbers[0]).exists()


def test_the_files_are_the_owners_alone(files: Files) -> None:
    found(files=files, url=URL, now=NOW)
    assert {stat.S_IMODE(file.stat().st_mode) for file in (files.demo, files.traffic, files.unsold)} == {0o600}


def test_it_is_founded_once(files: Files) -> None:
    found(files=files, url=URL, now=NOW)
    before = files.demo.read_text(encoding="utf-8")
    assert not found(files=files, url=URL, now=NOW)
    assert files.demo.read_text(encoding="utf-8") == before


def test_a_founding_cut_short_is_finished_by_the_next(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(founding, "_write", _power_cut)
        with pytest.raises(KeyboardInterrupt):
            found(files=files, url=URL, now=NOW)
    assert found(files=files, url=URL, now=NOW)
    assert files.demo.exists()


def test_a_database_with_another_program_is_left_alone(files: Files) -> None:
    found(files=files, url=URL, now=NOW)
    files.demo.unlink()
    Program.objects.create(
        code="OTHER", name="Other", face_value_minor=1, card_price_minor=1, gift_cost_minor=0, closes_on=NOW.date()
    )
    assert not found(files=files, url=URL, now=NOW)
    assert not files.demo.exists()


def _power_cut(*_: object) -> None:
    raise KeyboardInterrupt


def test_there_are_gifts_to_choose_in_every_way(files: Files) -> None:
    found(files=files, url=URL, now=NOW)
    offers = catalogue.offers(Program.objects.get().pk, language="zh-hans")
    assert {way for offer in offers for way in offer.ways} == {"dealer", "post", "code"}
    assert all(offer.picture and offer.about and offer.left == "many" for offer in offers)
