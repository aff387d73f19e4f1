"""Erasing: what is past its time goes, a signed row stays, and what is being paid is kept longer."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from cards import programs
from cashback.lib.crypto.signatures import erasure_lines, verify_lines
from queueing import details, epochs, erasing
from queueing.models import Erasure, HolderDetails, SigningKey
from tests.queueing.lines import line_of, settle, small

pytestmark = pytest.mark.django_db
LATER = timedelta(days=3_000)


def erase(registrations: list[int], what: str) -> list[int]:
    with transaction.atomic():
        return erasing.erase(registration_ids=registrations, what=what, why="refunded", now=timezone.now())


def verifies(erasure: Erasure) -> bool:
    key = SigningKey.objects.get(pk=erasure.signing_key_id)
    lines = erasure_lines(
        key_id=key.key_id,
        erasure_id=str(erasure.pk),
        at=erasure.at,
        what=erasure.what,
        why=erasure.why,
        backups_until=erasure.backups_until,
    )
    return verify_lines(bytes.fromhex(key.public_key), lines, erasure.signature)


def columns(registration: int) -> dict[str, Any]:
    return dict(HolderDetails.objects.filter(pk=registration).values().get())


def test_a_payee_goes_with_its_key_and_the_contact_stays() -> None:
    _, [registration] = line_of(1)
    HolderDetails.objects.update(held_for=7)
    assert erase([registration], "payee") == [registration]
    left = columns(registration)
    assert {left[name] for name in ("payee", "payee_key", "payee_fingerprint", "request_digest", "held_for")} == {None}
    assert left["contact"] is not None
    erasure = Erasure.objects.get()
    assert (erasure.what, erasure.why) == ("payee", "refunded")
    assert verifies(erasure)


def test_both_parts_leave_no_row_and_one_erasure() -> None:
    _, [registration] = line_of(1)
    erase([registration], "payee_and_contact")
    assert not HolderDetails.objects.exists()
    assert Erasure.objects.get().what == "payee_and_contact"


def test_what_is_not_held_leaves_no_erasure() -> None:
    _, [registration] = line_of(1)
    erase([registration], "payee")
    assert erase([registration], "payee") == []
    assert erase([registration], "payee_and_contact") == [registration]
    assert [erasure.what for erasure in Erasure.objects.order_by("id")] == ["payee", "contact"]
    assert erase([registration], "payee_and_contact") == []


def test_backups_can_be_read_until_the_epoch_is_destroyed() -> None:
    _, [registration] = line_of(1)
    erase([registration], "contact")
    assert Erasure.objects.get().backups_until == epochs.current(timezone.now()).ends_at + erasing.KEY_GRACE


def test_many_at_once_are_left_to_the_signer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasing, "SIGNED_AT_ONCE_MAX", 2)
    _, registrations = line_of(3)
    erase(registrations, "payee_and_contact")
    assert {erasure.signature for erasure in Erasure.objects.all()} == {""}
    assert erasing.sign_erasures() == 3
    assert erasing.sign_erasures() == 0
    assert all(verifies(erasure) for erasure in Erasure.objects.all())


def test_the_signature_of_the_pass_verifies_too() -> None:
    program, _ = line_of(5, **small())
    settle(program)
    assert Erasure.objects.count() == 3
    assert all(verifies(erasure) for erasure in Erasure.objects.all())


def test_the_eraser_takes_contacts_first_and_the_rest_at_the_end() -> None:
    _, registrations = line_of(2)
    now = timezone.now()
    assert erasing.erase_due(now=now) == 0
    assert erasing.schedule_contact(registration_ids=registrations[:1], at=now) == 1
    assert erasing.erase_due(now=now) == 1
    assert columns(registrations[0])["contact"] is None
    assert erasing.erase_due(now=now + LATER) == 2
    assert not HolderDetails.objects.exists()
    assert set(Erasure.objects.values_list("registration_id", "what", "why")) == {
        (registrations[0], "contact", "notice_over"),
        (registrations[0], "payee", "time_over"),
        (registrations[1], "payee_and_contact", "time_over"),
    }


def test_an_earlier_time_for_a_contact_stands_and_none_is_later_than_the_rest() -> None:
    _, [registration] = line_of(1)
    now = timezone.now()
    erasing.schedule_contact(registration_ids=[registration], at=now + LATER)
    assert columns(registration)["contact_erase_by"] == columns(registration)["erase_by"]
    erasing.schedule_contact(registration_ids=[registration], at=now + timedelta(hours=1))
    erasing.schedule_contact(registration_ids=[registration], at=now + timedelta(hours=2))
    assert columns(registration)["contact_erase_by"] == now + timedelta(hours=1)


def test_what_a_release_holds_is_kept_thirty_days_longer() -> None:
    _, [registration] = line_of(1)
    erase_by = columns(registration)["erase_by"]
    HolderDetails.objects.update(held_for=3)
    assert erasing.erase_due(now=erase_by) == 0
    left = columns(registration)
    assert (left["erase_by"], left["extended_for"]) == (erase_by + timedelta(days=30), "payout_open")


def test_extending_is_done_once_and_only_near_the_end() -> None:
    _, [registration] = line_of(1)
    erase_by = columns(registration)["erase_by"]
    assert erasing.extend(registration_ids=[registration], why="payout_open", now=timezone.now()) == 0
    near = erase_by - timedelta(days=1)
    assert erasing.extend(registration_ids=[registration], why="payout_open", now=near) == 1
    assert erasing.extend(registration_ids=[registration], why="payout_open", now=near) == 0
    assert columns(registration)["erase_by"] == erase_by + timedelta(days=30)


def test_a_moved_closing_date_keeps_who_still_waits() -> None:
    program, registrations = line_of(6, **small())
    settle(program)
    erase_by = columns(registrations[5])["erase_by"]
    programs.move_closing(program_id=program.pk, closes_on=program.closes_on + timedelta(days=45), now=timezone.now())
    for near, days in ((erase_by, 30), (erase_by + timedelta(days=30), 45), (erase_by + timedelta(days=44), 45)):
        erasing.keep_longer(now=near - timedelta(days=1))
        left = columns(registrations[5])
        assert (left["erase_by"], left["extended_for"]) == (erase_by + timedelta(days=days), "closing_moved")
    assert columns(registrations[0])["erase_by"] == erase_by  # has its verdict
    assert erase_by + timedelta(days=45) == details.erase_by(
        closes_on=program.closes_on + timedelta(days=45), claim_days=60, purge_delay_days=0
    )


def test_an_erasure_is_signed_once_and_stays_as_it_was_written(database_refuses: Any) -> None:
    _, [registration] = line_of(1)
    erase([registration], "contact")
    with database_refuses("queueing_erasure_final"):
        Erasure.objects.update(signature="x" * 86)


def test_a_row_somebody_else_holds_is_left_for_the_next_round(transactional_db: None, race: Any) -> None:
    _, registrations = line_of(40)
    now = timezone.now()
    erasing.schedule_contact(registration_ids=registrations, at=now)
    assert sum(race(lambda _: erasing.erase_due(now=now), 4)) == 40
    assert Erasure.objects.count() == 40
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM (SELECT 1 FROM queueing_erasure GROUP BY registration_id, what) AS once")
        assert cursor.fetchone() == (40,)


def test_nothing_of_a_person_is_left_in_the_row_of_an_erasure() -> None:
    fields = {field.name for field in Erasure._meta.get_fields()}
    assert fields == {"id", "registration", "at", "what", "why", "backups_until", "signing_key", "signature"}
