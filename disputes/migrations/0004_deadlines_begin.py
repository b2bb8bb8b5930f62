"""Give disputes that are open now the time for a decision from their opening on; who was to answer was not kept."""

from datetime import timedelta

from django.conf import settings
from django.db import migrations

_LIVE = ("OPEN", "UNDER_REVIEW")


def begin(apps, schema_editor):
    Dispute = apps.get_model("disputes", "Dispute")
    DisputeDeadline = apps.get_model("disputes", "DisputeDeadline")
    lasts = timedelta(days=settings.DISPUTE_DECISION_DAYS)
    for dispute in Dispute.objects.filter(status__in=_LIVE, deadlines__isnull=True).order_by("pk"):
        due_at = dispute.created_at + lasts
        DisputeDeadline.objects.create(
            dispute=dispute, kind="DECISION", remind_at=dispute.created_at + lasts * 0.75, due_at=due_at
        )
        Dispute.objects.filter(pk=dispute.pk).update(due_at=due_at)


class Migration(migrations.Migration):
    dependencies = [("disputes", "0003_dispute_by_due")]
    operations = [migrations.RunPython(begin, migrations.RunPython.noop)]
