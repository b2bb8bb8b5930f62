import pytest
from django.db import IntegrityError, transaction

from fixmate.core.db_errors import conflict_of
from payments.errors import PaymentExists
from payments.tests.factories import PaymentFactory


@pytest.mark.django_db
def test_a_second_payment_of_a_job_is_a_known_refusal():
    payment = PaymentFactory()

    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        PaymentFactory(job=payment.job)

    assert type(conflict_of(caught.value)) is PaymentExists
