from fixmate.core.apps import FixMateAppConfig


class TechniciansConfig(FixMateAppConfig):
    name = "technicians"
