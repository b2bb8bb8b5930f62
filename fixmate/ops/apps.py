from fixmate.core.apps import FixMateAppConfig


class OpsConfig(FixMateAppConfig):
    name = "fixmate.ops"
    label = "ops"
    verbose_name = "Operations"
