import pytest

from accounts.tests.factories import UserFactory
from fixmate.core.errors import NotFound
from notifications.models import Notification
from notifications.services import notification_read, notification_read_all
from notifications.tests.factories import DeliveryFactory, NotificationFactory

pytestmark = pytest.mark.django_db


def test_notification_read_of_anothers_changes_nothing():
    notification = NotificationFactory()

    with pytest.raises(NotFound):
        notification_read(notification_id=notification.pk, actor=UserFactory())

    assert Notification.objects.get().read_at is None


def test_notification_read_all_returns_how_many():
    user = UserFactory()
    NotificationFactory.create_batch(2, user=user)

    assert notification_read_all(actor=user) == 2
    assert notification_read_all(actor=user) == 0


def test_notification_and_delivery_have_names_for_the_console():
    delivery = DeliveryFactory()

    assert str(delivery) == "EMAIL PENDING"
    assert str(delivery.notification) == f"JOB_ASSIGNED for {delivery.notification.user_id}"
