import factory
from django.utils import timezone

from accounts.tests.factories import UserFactory
from notifications.enums import Channel, DeliveryStatus, Kind
from notifications.models import Delivery, Notification


class NotificationFactory(factory.django.DjangoModelFactory):
    """An unread notification that a job was taken."""

    class Meta:
        model = Notification

    user = factory.SubFactory(UserFactory)
    kind = Kind.JOB_ASSIGNED
    subject_key = factory.Sequence(lambda n: f"job-{n}")
    payload = factory.LazyFunction(lambda: {"service": "Leaking tap", "technician": "Tomas"})
    created_at = factory.LazyFunction(timezone.now)

    class Params:
        read = factory.Trait(read_at=factory.LazyFunction(timezone.now))


class DeliveryFactory(factory.django.DjangoModelFactory):
    """A mail that is still to be sent, and that nothing has ordered."""

    class Meta:
        model = Delivery

    notification = factory.SubFactory(NotificationFactory)
    channel = Channel.EMAIL
    created_at = factory.LazyFunction(timezone.now)

    class Params:
        sent = factory.Trait(status=DeliveryStatus.SENT, sent_at=factory.LazyFunction(timezone.now))
