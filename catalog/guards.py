"""What the database refuses on the catalogue's tables, and the code each refusal has."""

from catalog.errors import SlugTaken
from fixmate.core.db_errors import refuse

# PostgreSQL names the constraint, SQLite the column.
refuse(SlugTaken, "catalog_category_slug", "catalog_category.slug", "catalog_service_slug", "catalog_service.slug")
