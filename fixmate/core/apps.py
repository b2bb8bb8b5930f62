from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from fixmate.core.triggers import install_triggers


class FixMateAppConfig(AppConfig):
    """An app whose guards, tasks, reactions and checks are known as soon as Django is ready."""

    default = False  # else Django finds this base beside the app's own class, and takes neither

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.default = True

    def ready(self) -> None:
        for module in ("guards", "tasks", "checks"):
            if find_spec(f"{self.name}.{module}"):
                import_module(f"{self.name}.{module}")


class CoreConfig(FixMateAppConfig):
    name = "fixmate.core"
    label = "core"
    verbose_name = "Core"

    def ready(self) -> None:
        super().ready()
        post_migrate.connect(install_triggers, sender=self, dispatch_uid="core.install_triggers")
