from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Length

from fixmate.core.ids import uuid7
from fixmate.core.models import Upload
from fixmate.core.prepared import Given, Prepared, among

pytestmark = pytest.mark.django_db


@Prepared
def _since() -> QuerySet[Upload]:
    return Upload.objects.filter(owner=Given("owner"), created_at__gte=Given("since")).order_by("created_at")


@Prepared
def _among() -> QuerySet[Upload]:
    return Upload.objects.filter(among("id", "ids")).select_related("owner").only("sha256", "owner__email")


@Prepared
def _rows() -> QuerySet[Upload]:
    return Upload.objects.filter(among("sha256", "sums")).values_list("id", "created_at", "size_bytes")


@Prepared
def _lengths() -> QuerySet[Upload]:
    rows = Upload.objects.filter(among("sha256", "sums")).annotate(length=Length("sha256"))
    return rows.values_list("length")


@Prepared
def _locked() -> QuerySet[Upload]:
    return Upload.objects.select_for_update().filter(pk=Given("pk"))


@pytest.fixture
def owner():
    return get_user_model().objects.create(email="ada@example.com", role="CUSTOMER")


@pytest.fixture
def upload(owner, noon):
    def make(**columns):
        facts = {"purpose": "JOB_PHOTO", "file": "x.png", "content_type": "image/png", "size_bytes": 7, "sha256": "ab"}
        return Upload.objects.create(**{**facts, "owner": owner, "created_at": noon, **columns})

    return make


def test_a_read_is_built_once_and_asked_with_other_values(owner, upload, noon, monkeypatch):
    early, late = upload(), upload(created_at=noon + timedelta(1))

    assert _since.all(owner=owner.pk, since=noon) == [early, late]
    monkeypatch.setattr(_since, "_build", None)
    assert _since.all(owner=owner.pk, since=late.created_at) == [late]
    assert _since.first(owner=owner.pk, since=noon) == early
    assert _since.first(owner=uuid7(), since=noon) is None


def test_models_come_as_from_the_orm(owner, upload, noon, django_assert_num_queries):
    made = upload()

    with django_assert_num_queries(1):
        (found,) = _among.all(ids=[made.pk])
        assert (found, found.sha256, found.owner, found.owner.email) == (made, "ab", owner, "ada@example.com")

    assert not found._state.adding
    with django_assert_num_queries(1):
        assert found.created_at == noon


@pytest.mark.parametrize("count", [0, 1, 3])
def test_among_takes_any_number_of_values(upload, count):
    made = [upload() for _ in range(3)]

    found = _among.all(ids={one.pk for one in made[:count]})

    assert {one.pk for one in found} == {one.pk for one in made[:count]}


def test_rows_hold_what_the_fields_make_of_them(upload, noon):
    made = upload()

    assert _rows.rows(sums=["ab", 'it\'s "{cd}"']) == [(made.pk, noon, 7)]
    assert _rows.rows(sums=["cd"]) == _rows.rows(sums=[]) == []


def test_a_read_that_locks_says_so_to_the_database(upload, django_assert_num_queries):
    made = upload()

    with django_assert_num_queries(1) as queries:
        assert _locked.first(pk=made.pk) == made

    assert ("FOR UPDATE" in queries[0]["sql"]) == (connection.vendor == "postgresql")


@pytest.mark.django_db(transaction=True)
def test_a_read_that_locks_is_refused_outside_a_transaction(upload):
    made = upload()
    with transaction.atomic():
        assert _locked.first(pk=made.pk) == made

    with pytest.raises(transaction.TransactionManagementError):
        _locked.first(pk=made.pk)


def test_what_is_no_column_of_a_model_is_read_as_well(upload):
    upload(sha256="abc")

    assert _lengths.rows(sums=["abc"]) == [(3,)]
