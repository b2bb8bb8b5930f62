"""Index jobs and their events by what staff count and filter. On PostgreSQL nobody who writes meanwhile has to wait for it."""

from django.db import migrations, models

from fixmate.core.indexes import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('jobs', '0003_job_waiting_near'),
    ]

    operations = [
        AddIndexBeside(
            model_name='job',
            index=models.Index(fields=['status', '-created_at', '-id'], name='job_by_status'),
        ),
        AddIndexBeside(
            model_name='jobevent',
            index=models.Index(fields=['kind', 'at'], name='job_event_by_kind'),
        ),
    ]
