from fixmate.core.apps import FixMateAppConfig


class MatchingConfig(FixMateAppConfig):
    name = "matching"
