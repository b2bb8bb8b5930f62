from datetime import timedelta

import pytest

from accounts.tests.factories import UserFactory
from fixmate.core.errors import NotFound
from fixmate.core.money import Money
from jobs.tests.factories import job_assigned, job_completed, price_for
from payments.models import Payment
from payments.selectors import (
    Balances,
    Earnings,
    earnings_of_technician,
    payment_get_visible_to,
    payment_list_visible_to,
    payment_of_job_locked,
)
from payments.tests.factories import PaymentFactory, payment_captured
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db


def told(jobs=0, **minor):
    """Return earnings of so many minor units, and nothing else."""
    money = {
        name: Money(minor.get(name, 0), "USD")
        for name in ("earned", "platform_fees", "frozen", "given_back", "paid_out")
    }
    balances = {name: Money(minor.get(name, 0), "USD") for name in ("held", "payable", "in_payout", "owed")}
    return Earnings(jobs=jobs, balances=Balances(**balances), **money)


def test_payments_are_visible_to_both_sides_and_staff():
    payment = PaymentFactory(job=job_assigned())
    PaymentFactory(job=job_assigned())
    technician = payment.job.technician.user

    assert list(payment_list_visible_to(payment.customer)) == [payment]
    assert list(payment_list_visible_to(technician)) == [payment]
    assert payment_list_visible_to(UserFactory(admin=True)).count() == 2
    assert list(payment_list_visible_to(UserFactory())) == []


def test_payment_is_not_visible_to_a_technician_who_gave_the_job_back(noon):
    payment = PaymentFactory(job=job_assigned())
    technician = payment.job.technician.user
    payment.job.release(at=noon)
    payment.job.save()

    assert list(payment_list_visible_to(technician)) == []


def test_payment_get_refuses_a_stranger():
    payment = PaymentFactory()

    assert payment_get_visible_to(user=payment.customer, payment_id=payment.pk) == payment
    with pytest.raises(NotFound):
        payment_get_visible_to(user=UserFactory(), payment_id=payment.pk)


def test_payment_of_job_is_none_without_one():
    assert payment_of_job_locked(job_assigned().pk) is None


def test_earnings_add_up_the_stored_shares():
    technician = TechnicianFactory()
    payment_captured(technician)
    job = job_completed(technician)
    price_for(job, amount_minor=3_333, revision=2)
    payment_captured(job=job)
    payment_captured()

    earnings = earnings_of_technician(technician_id=technician.pk)

    # 8,500 of the first; of 33.33 the platform takes 5.00 and he 28.33
    assert earnings == told(earned=11_333, platform_fees=2_000, jobs=2, owed=2_000)


def test_earnings_tell_what_is_frozen(noon):
    technician = TechnicianFactory()
    payment_captured(technician)
    frozen = payment_captured(technician)
    Payment.objects.filter(pk=frozen.pk).update(payout_frozen_at=noon)

    earnings = earnings_of_technician(technician_id=technician.pk)

    assert (earnings.earned, earnings.frozen) == (Money(17_000, "USD"), Money(8_500, "USD"))


def test_earnings_leave_out_what_is_not_captured_and_other_currencies(settings):
    technician = TechnicianFactory()
    PaymentFactory(job=job_completed(technician))
    payment_captured(technician, currency="EUR")

    earnings = earnings_of_technician(technician_id=technician.pk)

    assert earnings == told()


@pytest.mark.parametrize(
    ("since", "until", "jobs"),
    [(None, None, 3), (0, None, 2), (None, 0, 1), (0, 1, 1), (1, None, 1), (2, None, 0)],
)
def test_earnings_count_from_since_up_to_until(noon, since, until, jobs):
    technician = TechnicianFactory()
    for day in (-1, 0, 1):
        payment_captured(technician, at=noon + timedelta(days=day))

    earnings = earnings_of_technician(
        technician_id=technician.pk,
        since=None if since is None else noon + timedelta(days=since),
        until=None if until is None else noon + timedelta(days=until),
    )

    assert earnings.jobs == jobs


def test_earnings_take_few_queries(django_assert_num_queries, noon):
    technician = TechnicianFactory()
    payment_captured(technician)

    with django_assert_num_queries(5):
        earnings_of_technician(technician_id=technician.pk, since=noon, until=noon)
