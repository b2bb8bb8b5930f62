"""An account may be restricted. What there was stays allowed: old processes go on, and write none of the new ones."""

import fixmate.core.lifecycle
from django.db import migrations, models

from fixmate.core.constraints import AddCheckBeside


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_unique_where_proven'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='user',
            name='user_status_known',
        ),
        migrations.AlterField(
            model_name='user',
            name='status',
            field=fixmate.core.lifecycle.StateField(choices=[('PENDING', 'Pending'), ('ACTIVE', 'Active'), ('RESTRICTED', 'Restricted'), ('SUSPENDED', 'Suspended'), ('DELETED', 'Deleted')], default='PENDING', max_length=20),
        ),
        AddCheckBeside(
            model_name='user',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['PENDING', 'ACTIVE', 'RESTRICTED', 'SUSPENDED', 'DELETED'])), name='user_status_known'),
        ),
        AddCheckBeside(
            model_name='user',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'RESTRICTED'), _negated=True), models.Q(('role', 'ADMIN'), _negated=True), _connector='OR'), name='user_restricted_is_no_staff'),
        ),
    ]
