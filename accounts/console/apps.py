from django.contrib.admin.apps import SimpleAdminConfig


class ConsoleConfig(SimpleAdminConfig):
    """Django's admin, with our own door."""

    default_site = "accounts.console.site.ConsoleSite"
