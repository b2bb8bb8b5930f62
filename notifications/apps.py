from fixmate.core.apps import FixMateAppConfig


class NotificationsConfig(FixMateAppConfig):
    name = "notifications"
