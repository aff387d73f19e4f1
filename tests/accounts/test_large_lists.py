"""Every list of the organizers' admin, with ten thousand rows: a bounded number of queries, and no counting."""

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cards.models import Lot, Order
from queueing.models import Registration
from tests.factories import make_user
from tests.portal.doors import signed_in
from tests.portal.large import make_large

QUERIES_MAX = 16
LARGE = {model._meta.db_table for model in (Lot, Order, Registration)}


@pytest.mark.django_db
def test_lists_are_cheap_and_count_no_large_table(unbalanced: None) -> None:
    make_large()
    client = signed_in(make_user("organizer"))
    for model in admin.site._registry:
        meta = model._meta
        with CaptureQueriesContext(
            connection,
        ) as asked:
            page = client.get(reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist"))
        assert page.status_code == 200, meta.label
        assert len(asked) <= QUERIES_MAX, f"{meta.label}: {len(asked)} queries"
        counted = [query["sql"] for query in asked if "COUNT(" in query["sql"].upper()]
        assert not [sql for sql in counted if any(f'FROM "{table}"' in sql for table in LARGE)], meta.label
