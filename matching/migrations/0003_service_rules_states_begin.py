"""Begin the history of the rules with those of now, as if they had always held: what was before was not kept."""

from datetime import UTC, datetime

from django.db import migrations

_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_FIELDS = (
    "offer_timeout_s",
    "offer_timeout_scheduled_s",
    "learns_timeout",
    "max_offers_per_job",
    "search_budget_s",
    "search_radius_m",
    "search_radius_step_m",
    "search_radius_step_s",
    "search_radius_max_m",
    "refusals_before_flag",
    "cooldown_reject_s",
    "cooldown_silent_s",
    "cooldown_undelivered_s",
    "pause_after_silent",
    "pause_s",
    "starvation_online_s",
    "starvation_one_in",
    "busy_memory_s",
    "refusal_memory_s",
)


def begin(apps, schema_editor):
    ServiceRules = apps.get_model("matching", "ServiceRules")
    ServiceRulesState = apps.get_model("matching", "ServiceRulesState")
    begun = ServiceRulesState.objects.values("service")
    for row in ServiceRules.objects.exclude(service__in=begun).order_by("pk"):
        values = {name: getattr(row, name) for name in _FIELDS}
        ServiceRulesState.objects.create(service_id=row.service_id, at=_BEGINNING, values=values)


class Migration(migrations.Migration):
    dependencies = [("matching", "0002_service_rules_state")]
    operations = [migrations.RunPython(begin, migrations.RunPython.noop)]
