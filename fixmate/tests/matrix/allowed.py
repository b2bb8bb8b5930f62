"""Which fields a body may have, as the API's document says, and which ones people try."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.db.models import Model

from fixmate.ops.api.views import CachedSchemaGenerator
from fixmate.tests.matrix.routes import shape_of
from fixmate.tests.matrix.table import Row

OURS: list[type[Model]] = [
    model
    for config in apps.get_app_configs()
    if settings.BASE_DIR.as_posix() in config.path and "site-packages" not in config.path
    for model in config.get_models()
]
_TYPICAL = """
id pk uuid role roles is_staff is_superuser is_admin is_active is_dispatcher permissions groups status state
verification verified is_verified technician technician_id customer customer_id user user_id owner owner_id actor
fee amount amount_minor price_minor platform_fee technician_earnings fee_rate currency_code rating rating_sum
created_at updated_at deleted_at version __proto__ constructor
"""
COLUMNS = {name for model in OURS for field in model._meta.concrete_fields for name in (field.name, field.attname)}
TRIED = sorted(COLUMNS | set(_TYPICAL.split()))


def bodies_of(row: Row) -> dict[str, dict[str, Any]]:
    """Return the schema of the row's body by its media type."""
    document = CachedSchemaGenerator().get_schema()
    paths = {shape_of(path): item for path, item in document["paths"].items()}
    content = paths[shape_of(row.path)][row.verb.lower()].get("requestBody", {}).get("content", {})
    return {media_type: _resolved(one["schema"], document) for media_type, one in content.items()}


def _resolved(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        found: dict[str, Any] = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        return found
    return schema


def fields_of(body: dict[str, Any]) -> set[str]:
    return set(body.get("properties", {}))


def lines_of(row: Row) -> list[str]:
    """Return a line for each form of the body: what may be in it, what has to be in it first."""
    return [
        f"{row} | {media_type} | {' '.join(sorted(body.get('required', [])))} | "
        f"{' '.join(sorted(fields_of(body) - set(body.get('required', []))))}".rstrip(" |")
        for media_type, body in sorted(bodies_of(row).items())
    ]


def rows_of_all_tables() -> dict[str, list[Any]]:
    return {model._meta.label: list(model._base_manager.order_by("pk").values_list()) for model in OURS}
