from fixmate.core.apps import FixMateAppConfig


class PaymentsConfig(FixMateAppConfig):
    name = "payments"
