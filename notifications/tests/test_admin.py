import pytest

from notifications.tests.factories import DeliveryFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("model", ["notification", "delivery"])
def test_console_shows_and_changes_nothing(console, model):
    delivery = DeliveryFactory()
    row = delivery.notification if model == "notification" else delivery

    listed = console.get(f"/admin/notifications/{model}/")
    page = console.get(f"/admin/notifications/{model}/{row.pk}/change/")
    adding = console.get(f"/admin/notifications/{model}/add/")
    deleting = console.post(f"/admin/notifications/{model}/{row.pk}/delete/", {"post": "yes"})

    assert (listed.status_code, page.status_code, adding.status_code, deleting.status_code) == (200, 200, 403, 403)
    assert b'name="_save"' not in page.content


@pytest.mark.parametrize("item_count", [1, 3])
@pytest.mark.parametrize(("model", "queries"), [("notification", 4), ("delivery", 4)])
def test_console_lists_take_a_constant_number_of_queries(
    console, model, queries, item_count, django_assert_num_queries
):
    DeliveryFactory.create_batch(item_count)

    with django_assert_num_queries(queries):
        console.get(f"/admin/notifications/{model}/")
