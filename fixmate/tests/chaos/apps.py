from django.apps import AppConfig


class ChaosConfig(AppConfig):
    name = "fixmate.tests.chaos"
    label = "chaos"
    verbose_name = "Faults on purpose"
