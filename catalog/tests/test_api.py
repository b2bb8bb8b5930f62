import pytest

from catalog.models import Category, Service
from catalog.tests.factories import CategoryFactory, ServiceFactory
from catalog.tests.people import person, staff
from fixmate.core.models import AuditEntry
from fixmate.core.tests.http import client_for

pytestmark = pytest.mark.django_db
PRICE = {"amount": "89.50", "currency": "USD"}


def names(answer):
    return [row["name"] for row in answer.json()["results"]]


# Reading


def test_anybody_lists_categories(noon):
    category = CategoryFactory(slug="roof", name="Roof", description="High up.")
    CategoryFactory(deleted_at=noon)

    answer = client_for().get("/api/v1/categories")

    assert answer.status_code == 200
    assert answer.json()["results"] == [
        {"id": str(category.pk), "slug": "roof", "name": "Roof", "description": "High up."}
    ]


def test_anybody_reads_a_service():
    service = ServiceFactory(pricing_unit="HOURLY", duration_minutes=90)

    answer = client_for().get(f"/api/v1/services/{service.pk}")

    assert answer.status_code == 200
    assert answer.json() == {
        "id": str(service.pk),
        "slug": service.slug,
        "name": service.name,
        "description": "",
        "category": {"id": str(service.category_id), "slug": service.category.slug, "name": service.category.name},
        "price": {"amount": "100.00", "currency": "USD"},
        "pricing_unit": "HOURLY",
        "duration_minutes": 90,
        "quoted": {"amount": "150.00", "currency": "USD"},
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["Boiler", "Drain", "Tap"]),
        ("?category=plumbing", ["Drain", "Tap"]),
        ("?category=none", []),
        ("?search=RAI", ["Drain"]),
        ("?ordering=-name", ["Tap", "Drain", "Boiler"]),
        ("?unknown=1", ["Boiler", "Drain", "Tap"]),
    ],
)
def test_services_are_filtered(query, expected):
    plumbing = CategoryFactory(slug="plumbing")
    for name, category in (("Tap", plumbing), ("Drain", plumbing), ("Boiler", CategoryFactory())):
        ServiceFactory(name=name, category=category)

    assert names(client_for().get(f"/api/v1/services{query}")) == expected


@pytest.mark.parametrize("item_count", [1, 3])
def test_services_take_one_query(item_count, django_assert_num_queries):
    ServiceFactory.create_batch(item_count)

    with django_assert_num_queries(1):
        answer = client_for().get("/api/v1/services")

    assert len(answer.json()["results"]) == item_count


@pytest.mark.parametrize("item_count", [1, 3])
def test_categories_take_one_query(item_count, django_assert_num_queries):
    CategoryFactory.create_batch(item_count)

    with django_assert_num_queries(1):
        answer = client_for().get("/api/v1/categories")

    assert len(answer.json()["results"]) == item_count


def test_a_deleted_service_is_not_found(noon):
    service = ServiceFactory(deleted_at=noon)

    answer = client_for().get(f"/api/v1/services/{service.pk}")

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NOT_FOUND")


# Changing


def test_staff_add_a_category_and_a_service():
    client = client_for(staff())

    category = client.post("/api/v1/categories", {"name": "Roof", "reason": "New trade."})
    service = client.post("/api/v1/services", {"category_id": category.json()["id"], "name": "Gutter", "price": PRICE})

    assert (category.status_code, category.json()["slug"]) == (201, "roof")
    assert (service.status_code, service.json()["price"], service.json()["slug"]) == (201, PRICE, "gutter")
    assert list(AuditEntry.objects.order_by("sequence").values_list("reason", flat=True)) == [
        "New trade.",
        "catalogue maintenance",
    ]


def test_staff_change_and_delete_and_restore():
    client, service = client_for(staff()), ServiceFactory()
    category = service.category

    changed = client.patch(f"/api/v1/services/{service.pk}", {"price": PRICE})
    renamed = client.patch(f"/api/v1/categories/{category.pk}", {"name": "Roof"})
    statuses = [
        client.delete(f"/api/v1/services/{service.pk}").status_code,
        client.delete(f"/api/v1/categories/{category.pk}", {"reason": "Gone."}).status_code,
        client.post(f"/api/v1/services/{service.pk}/restore").status_code,
        client.post(f"/api/v1/categories/{category.pk}/restore").status_code,
        client.post(f"/api/v1/services/{service.pk}/restore").status_code,
    ]

    assert (changed.status_code, changed.json()["price"]) == (200, PRICE)
    assert (renamed.status_code, renamed.json()["name"]) == (200, "Roof")
    assert statuses == [204, 204, 409, 200, 200]
    assert AuditEntry.objects.get(action="catalog.category.delete").reason == "Gone."


@pytest.mark.parametrize("kind", ["categories", "services"])
def test_a_taken_slug_is_a_conflict(kind):
    category = CategoryFactory(slug="taken")
    ServiceFactory(slug="taken")
    body = {"name": "Taken"} if kind == "categories" else {"name": "Taken", "category_id": category.pk, "price": PRICE}

    answer = client_for(staff()).post(f"/api/v1/{kind}", body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "SLUG_TAKEN")
    assert AuditEntry.objects.count() == 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"price": {"amount": "0", "currency": "USD"}}, "price"),
        ({"price": {"amount": "1", "currency": "EUR"}}, "price"),
        ({"price": {"amount": "1.001", "currency": "USD"}}, "price"),
        ({"price": 12}, "price"),
        ({"duration_minutes": 4}, "duration_minutes"),
        ({"duration_minutes": 1441}, "duration_minutes"),
        ({"pricing_unit": "DAILY"}, "pricing_unit"),
        ({"category_id": "0198f0c4-7a51-7c3e-9d0a-3f1f6f0f2b10"}, "category_id"),
        ({"slug": "Not a slug"}, "slug"),
        ({"reason": " "}, "reason"),
        ({"name": ""}, "name"),
        ({"deleted_at": None}, "deleted_at"),
        ({"price_minor": 1}, "price_minor"),
    ],
)
def test_a_bad_body_is_refused_by_field(change, field):
    service = ServiceFactory()

    answer = client_for(staff()).patch(f"/api/v1/services/{service.pk}", change)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "VALIDATION_ERROR")
    assert list(answer.json()["error"]["details"]) == [field]
    assert Service.objects.filter(price_minor=10_000, duration_minutes=60).count() == 1
    assert AuditEntry.objects.count() == 0


# Who may


@pytest.mark.parametrize(
    ("actor", "status"),
    [(None, 401), ("CUSTOMER", 403), ("TECHNICIAN", 403), ("PENDING", 403)],
)
@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("post", "/api/v1/categories"),
        ("patch", "/api/v1/categories/{category}"),
        ("delete", "/api/v1/categories/{category}"),
        ("post", "/api/v1/categories/{category}/restore"),
        ("post", "/api/v1/services"),
        ("patch", "/api/v1/services/{service}"),
        ("delete", "/api/v1/services/{service}"),
        ("post", "/api/v1/services/{service}/restore"),
    ],
)
def test_only_staff_change_the_catalogue(actor, status, method, url):
    service = ServiceFactory()
    users = {None: lambda: None, "PENDING": lambda: person("ADMIN", "PENDING")}
    client = client_for(users.get(actor, lambda: person(actor))())

    answer = getattr(client, method)(url.format(service=service.pk, category=service.category_id), {"name": "Mine"})

    assert answer.status_code == status
    assert (Category.objects.get().name, Service.objects.get().deleted_at) == (service.category.name, None)


@pytest.mark.parametrize("actor", [None, "CUSTOMER", "TECHNICIAN", "ADMIN"])
def test_everybody_reads_the_catalogue(actor):
    service = ServiceFactory()
    client = client_for(person(actor) if actor else None)

    answers = [client.get(f"/api/v1/{path}") for path in ("categories", "services", f"services/{service.pk}")]

    assert [answer.status_code for answer in answers] == [200, 200, 200]


@pytest.mark.parametrize("path", ["services/no-uuid", "services/no-uuid/restore", "categories/no-uuid/restore"])
def test_an_id_that_is_none_is_not_found(path):
    client = client_for(staff())

    answer = client.post(f"/api/v1/{path}") if path.endswith("restore") else client.get(f"/api/v1/{path}")

    assert answer.status_code == 404
