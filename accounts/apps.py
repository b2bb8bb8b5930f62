from fixmate.core.apps import FixMateAppConfig


class AccountsConfig(FixMateAppConfig):
    name = "accounts"
