"""Index payments by when they were captured. On PostgreSQL nobody who writes meanwhile has to wait for it."""

from django.db import migrations, models

from fixmate.core.indexes import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('payments', '0001_initial'),
    ]

    operations = [
        AddIndexBeside(
            model_name='payment',
            index=models.Index(condition=models.Q(('captured_at__isnull', False)), fields=['captured_at'], name='payment_captured'),
        ),
    ]
