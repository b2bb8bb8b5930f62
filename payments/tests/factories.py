import factory
from django.utils import timezone

from jobs.enums import PriceKind
from jobs.selectors import price_current
from jobs.tests.factories import JobFactory, job_assigned, job_completed, price_for
from payments.models import Payment


class PaymentFactory(factory.django.DjangoModelFactory):
    """A PENDING payment over the price of its job."""

    class Meta:
        model = Payment

    job = factory.SubFactory(JobFactory)
    customer = factory.SelfAttribute("job.customer")
    currency = "USD"
    created_at = factory.LazyFunction(timezone.now)


def payment_captured(technician=None, *, job=None, at=None, **kwargs):
    """The payment of a completed job, taken in full."""
    payment = PaymentFactory(job=job or job_completed(technician), **kwargs)
    price = price_current(payment.job_id)
    payment.capture(price=price, technician_id=payment.job.technician_id, at=at or payment.created_at)
    payment.save()
    return payment


def payment_voided(**kwargs):
    payment = PaymentFactory(**kwargs)
    payment.void(at=payment.created_at)
    payment.save()
    return payment


def job_cancelled_with_fee(technician=None, fee_minor=2_000, **kwargs):
    """A job its customer called off late: revision 2 is the fee."""
    job = job_assigned(technician, **kwargs)
    job.cancel(reason="NOT_NEEDED", note="", by="CUSTOMER", at=job.created_at)
    job.save()
    price_for(job, PriceKind.CANCELLATION_FEE, amount_minor=fee_minor, revision=2)
    return job
