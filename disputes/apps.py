from fixmate.core.apps import FixMateAppConfig


class DisputesConfig(FixMateAppConfig):
    name = "disputes"
