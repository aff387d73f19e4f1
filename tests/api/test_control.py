from datetime import UTC, datetime

import pytest

from cashback.control.centre import publishing
from cashback.control.protocol.envelopes import decode_base64url, open_envelope
from tests.api.asking import get, is_problem, post
from tests.control.centre.fake import FakeStation, bundle

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


def _publish(now: datetime, *, public: bool = True) -> int:
    return publishing.publish(
        application="wait-estimate", version="1", bundle=bundle(), by_id=None, now=now, is_public=public
    ).pk


def test_a_bundle_comes_with_the_centres_word_until_it_is_withdrawn(now: datetime) -> None:
    version = _publish(now)
    station = FakeStation("t-api", now=now)
    response = get("/applications/wait-estimate/latest")
    assert response.content == bundle()
    word = decode_base64url(response.headers["X-Cashback-Bundle"])
    assert open_envelope(word, kind="bundle", keys=station.keys)["version"] == "1"
    assert get("/applications").json()[0]["versions"] == ["1"]
    publishing.withdraw(version_id=version, reason="wrong", by_id=None, now=now)
    is_problem(get("/applications/wait-estimate/1"), 410, "version_withdrawn")
    is_problem(get("/applications/wait-estimate/2"), 404, "application_unknown")
    station.broker.close()


def test_a_station_announces_itself_once(now: datetime) -> None:
    station = FakeStation("t-api", now=now)
    assert post("/stations/enrol", station.enrolment(now)).json() == {"state": "announced"}
    is_problem(post("/stations/enrol", station.enrolment(now, token="x", name="t-other")), 403, "enrolment_refused")
    is_problem(get("/stations"), 401, "not_signed_in")
    station.broker.close()


def test_anybody_may_ask_for_a_public_run_and_look_at_it(now: datetime) -> None:
    _publish(now)
    response = post("/runs", {"application": "wait-estimate", "input": {"place": 7}})
    assert response.status_code == 202
    shown = get(f"/runs/{response.json()['id']}").json()
    assert (shown["state"], shown["station"], shown["output"]) == ("queued", None, None)
    is_problem(post("/runs", {"application": "none-such", "input": 1}), 404, "application_unknown")
    is_problem(post("/runs", {"application": "wait-estimate"}), 422, "invalid_details")
    is_problem(get("/runs/1"), 404, "not_found")


def test_other_applications_need_a_sign_in(now: datetime) -> None:
    _publish(now, public=False)
    is_problem(post("/runs", {"application": "wait-estimate", "input": 1}), 401, "sign_in_needed")
