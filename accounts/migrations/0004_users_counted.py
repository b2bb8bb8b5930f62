"""Index accounts by what staff count. On PostgreSQL nobody who writes meanwhile has to wait for it."""

from django.db import migrations, models

from fixmate.core.indexes import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('accounts', '0004_restricted_users'),
    ]

    operations = [
        AddIndexBeside(
            model_name='user',
            index=models.Index(fields=['role', 'status'], name='user_by_role_and_status'),
        ),
    ]
