"""Index the payments whose hold is not over. On PostgreSQL nobody who writes meanwhile has to wait for it."""

from django.db import migrations, models

from fixmate.core.indexes import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('payments', '0003_ledger'),
    ]

    operations = [
        AddIndexBeside(
            model_name='payment',
            index=models.Index(condition=models.Q(('captured_at__isnull', False), ('released_at__isnull', True), models.Q(('provider', 'offline'), _negated=True)), fields=['captured_at'], name='payment_to_release'),
        ),
    ]
