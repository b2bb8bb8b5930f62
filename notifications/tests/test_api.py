from datetime import timedelta

import pytest

from accounts.enums import UserStatus
from accounts.tests.factories import UserFactory
from fixmate.core.tests.http import client_for
from notifications.enums import Kind
from notifications.models import Notification
from notifications.tests.factories import NotificationFactory

pytestmark = pytest.mark.django_db
URL = "/api/v1/notifications"


def test_notifications_list_shows_ones_own_newest_first(noon):
    user = UserFactory()
    old = NotificationFactory(user=user, created_at=noon - timedelta(hours=1))
    new = NotificationFactory(user=user, created_at=noon)
    NotificationFactory()

    response = client_for(user).get(URL)

    assert response.status_code == 200
    assert [row["id"] for row in response.json()["results"]] == [str(new.pk), str(old.pk)]


def test_notification_has_its_words_and_its_facts(noon):
    notification = NotificationFactory(created_at=noon)

    [row] = client_for(notification.user).get(URL).json()["results"]

    assert row == {
        "id": str(notification.pk),
        "kind": "JOB_ASSIGNED",
        "title": "Tomas takes your job",
        "body": "Tomas takes Leaking tap. The app shows who comes, how to reach them, and the start code that you "
        "give them at the door.",
        "payload": {"service": "Leaking tap", "technician": "Tomas"},
        "created_at": "2026-03-02T12:00:00Z",
        "read_at": None,
    }


@pytest.mark.parametrize("item_count", [1, 3])
def test_notifications_list_takes_one_query(item_count, django_assert_num_queries):
    user = UserFactory()
    NotificationFactory.create_batch(item_count, user=user)
    client = client_for(user)

    with django_assert_num_queries(1):
        response = client.get(URL)

    assert len(response.json()["results"]) == item_count


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"read", "unread", "offer"}),
        ("?unread=true", {"unread", "offer"}),
        ("?unread=false", {"read"}),
        ("?kind=OFFER_RECEIVED", {"offer"}),
        ("?unread=false&kind=OFFER_RECEIVED", set()),
        ("?unknown=1", {"read", "unread", "offer"}),
    ],
)
def test_notifications_list_filters(query, expected):
    user = UserFactory()
    NotificationFactory(user=user, subject_key="read", read=True)
    NotificationFactory(user=user, subject_key="unread")
    NotificationFactory(user=user, subject_key="offer", kind=Kind.OFFER_RECEIVED)

    response = client_for(user).get(URL + query)

    ids = [row["id"] for row in response.json()["results"]]
    assert set(Notification.objects.filter(pk__in=ids).values_list("subject_key", flat=True)) == expected


@pytest.mark.parametrize(("query", "field"), [("?unread=maybe", "unread"), ("?kind=GOSSIP", "kind")])
def test_notifications_list_refuses_unknown_values(query, field):
    response = client_for(UserFactory()).get(URL + query)

    assert response.status_code == 400
    assert list(response.json()["error"]["details"]) == [field]


def test_unread_count_counts_ones_own():
    user = UserFactory()
    NotificationFactory.create_batch(2, user=user)
    NotificationFactory(user=user, read=True)
    NotificationFactory()

    response = client_for(user).get(f"{URL}/unread-count")

    assert response.json() == {"unread": 2}


def test_read_marks_one_and_keeps_the_first_time(noon):
    notification = NotificationFactory()
    other = NotificationFactory(user=notification.user)
    client = client_for(notification.user)

    first = client.post(f"{URL}/{notification.pk}/read")

    assert (first.status_code, first.json()["read_at"]) == (200, "2026-03-02T12:00:00Z")
    Notification.objects.filter(pk=notification.pk).update(read_at=noon - timedelta(hours=1))
    again = client.post(f"{URL}/{notification.pk}/read")
    assert (again.status_code, again.json()["read_at"]) == (200, "2026-03-02T11:00:00Z")
    assert Notification.objects.get(pk=other.pk).read_at is None


def test_read_all_marks_ones_own_unread(noon):
    user = UserFactory()
    earlier = noon - timedelta(hours=1)
    read = NotificationFactory(user=user, read_at=earlier)
    unread = NotificationFactory(user=user)
    anothers = NotificationFactory()

    response = client_for(user).post(f"{URL}/read-all")

    assert response.status_code == 204
    times = dict(Notification.objects.values_list("pk", "read_at"))
    assert times == {read.pk: earlier, unread.pk: noon, anothers.pk: None}


@pytest.mark.parametrize("path", ["/read-all", "/{id}/read"])
def test_acts_refuse_a_body(path):
    notification = NotificationFactory()

    response = client_for(notification.user).post(URL + path.format(id=notification.pk), {"read_at": "now"})

    assert response.status_code == 400
    assert Notification.objects.get().read_at is None


ANYBODY_VERIFIED = ("customer", "technician", "admin")
PERMISSIONS = [
    *((who, "get", "", 200) for who in ANYBODY_VERIFIED),
    *((who, "get", "/unread-count", 200) for who in ANYBODY_VERIFIED),
    *((who, "post", "/read-all", 204) for who in ANYBODY_VERIFIED),
    *((who, "post", "/{id}/read", 404) for who in ANYBODY_VERIFIED),  # another's, staff included
    *((who, "post", "/no-uuid/read", 404) for who in ANYBODY_VERIFIED),
    ("owner", "post", "/{id}/read", 200),
    *(("nobody", method, path, 401) for method, path in [("get", ""), ("get", "/unread-count"), ("post", "/read-all")]),
    ("nobody", "post", "/{id}/read", 401),
    ("pending", "get", "", 403),
    ("pending", "post", "/{id}/read", 403),
    ("owner", "delete", "/{id}", 404),
    ("owner", "post", "", 405),
]


@pytest.mark.parametrize(("actor", "method", "path", "status"), PERMISSIONS)
def test_permissions(actor, method, path, status):
    notification = NotificationFactory()
    users = {
        "owner": lambda: notification.user,
        "customer": UserFactory,
        "technician": lambda: UserFactory(technician=True),
        "admin": lambda: UserFactory(admin=True),
        "pending": lambda: UserFactory(status=UserStatus.PENDING),
        "nobody": lambda: None,
    }
    client = client_for(users[actor]())

    response = getattr(client, method)(URL + path.format(id=notification.pk))

    assert response.status_code == status
    if status >= 400:
        assert Notification.objects.get().read_at is None


def test_another_persons_notification_looks_like_none_at_all():
    notification = NotificationFactory()
    client = client_for(UserFactory())

    anothers = client.post(f"{URL}/{notification.pk}/read").json()["error"]
    none = client.post(f"{URL}/0197a3c5-6f2e-7c31-9d5b-2f6f0f6f8a11/read").json()["error"]

    for masked in ("path", "timestamp", "request_id"):
        anothers.pop(masked), none.pop(masked)
    assert anothers == none
