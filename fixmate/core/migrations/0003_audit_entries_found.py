"""Index the audit trail by what staff look for in it. On PostgreSQL nobody who writes meanwhile has to wait for it."""

from django.db import migrations, models

from fixmate.core.indexes import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('core', '0002_idempotency_claims'),
    ]

    operations = [
        AddIndexBeside(
            model_name='auditentry',
            index=models.Index(fields=['target_id', '-sequence'], name='audit_entry_of_target'),
        ),
        AddIndexBeside(
            model_name='auditentry',
            index=models.Index(fields=['actor_id', '-sequence'], name='audit_entry_of_actor'),
        ),
        AddIndexBeside(
            model_name='auditentry',
            index=models.Index(fields=['action', '-sequence'], name='audit_entry_of_action'),
        ),
        AddIndexBeside(
            model_name='auditentry',
            index=models.Index(fields=['at'], name='audit_entry_at'),
        ),
    ]
