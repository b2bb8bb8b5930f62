from datetime import timedelta

import pytest

from fixmate.core import sweeps
from technicians.models import Document
from technicians.tasks import expire_documents, remind_documents
from technicians.tests.factories import DocumentFactory

pytestmark = pytest.mark.django_db


def test_the_sweeps_are_run_again_and_again():
    assert {"technicians.expire_documents", "technicians.remind_documents"} <= set(sweeps.registered())


def test_the_sweeps_do_what_is_due(noon):
    over = DocumentFactory(approved=True, expires_on=noon.date() - timedelta(days=1))
    near = DocumentFactory(approved=True, expires_on=noon.date() + timedelta(days=1))

    expire_documents.apply(throw=True)
    remind_documents.apply(throw=True)

    assert Document.objects.get(pk=over.pk).status == "EXPIRED"
    assert Document.objects.get(pk=near.pk).reminded_at == noon
