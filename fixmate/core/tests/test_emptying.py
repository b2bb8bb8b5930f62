"""What follows a test that committed: the next one finds the database as `migrate` left it."""

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError

from fixmate.core import triggers
from fixmate.core.models import AuditEntry, AuditHead
from fixmate.core.tests.emptying import empty_database
from fixmate.core.tests.test_audit import record

pytestmark = pytest.mark.django_db(transaction=True)


def test_rows_go_from_append_only_tables_too_and_what_migrate_made_stays(user):
    record(actor=user)
    made = (ContentType.objects.count(), Permission.objects.count())

    empty_database()

    left = [type(user).objects.count(), AuditEntry.objects.count(), AuditHead.objects.count()]
    assert left == [0, 0, 0]
    assert (ContentType.objects.count(), Permission.objects.count()) == made
    assert min(made) > 0


def test_append_only_tables_are_guarded_again():
    record()
    empty_database()
    record()

    with pytest.raises(IntegrityError, match="append-only"):
        AuditEntry.objects.update(reason="another")


@pytest.mark.parametrize("recorded", [True, False])
def test_triggers_that_a_test_took_away_are_made_again(recorded):
    if recorded:
        record()
    triggers.drop_triggers()

    empty_database()

    assert triggers.missing_triggers() == []
