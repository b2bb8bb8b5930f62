"""Index technicians by what staff count. On PostgreSQL nobody who writes meanwhile has to wait for it."""

from django.db import migrations, models

from fixmate.core.indexes import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('technicians', '0005_finer_cells'),
    ]

    operations = [
        AddIndexBeside(
            model_name='technician',
            index=models.Index(condition=models.Q(('deleted_at__isnull', True)), fields=['verification', 'is_online'], name='technician_by_presence'),
        ),
    ]
