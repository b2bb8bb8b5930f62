from fixmate.core.apps import FixMateAppConfig


class CatalogConfig(FixMateAppConfig):
    name = "catalog"
