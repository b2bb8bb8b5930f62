from fixmate.core.apps import FixMateAppConfig


class JobsConfig(FixMateAppConfig):
    name = "jobs"
