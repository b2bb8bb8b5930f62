"""Index disputes by what is due next, and look at the events there are. On PostgreSQL nobody who writes has to wait."""

from django.db import migrations, models

from fixmate.core.constraints import ValidateCheck
from fixmate.core.indexes import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('disputes', '0002_deadlines_and_evidence'),
    ]

    operations = [
        AddIndexBeside(
            model_name='dispute',
            index=models.Index(fields=['due_at', 'id'], name='dispute_by_due'),
        ),
        ValidateCheck(model_name='disputeevent', name='dispute_event_kind_known'),
    ]
