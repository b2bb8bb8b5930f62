"""Addresses are unique where they are proven, and no longer in every row: the new rules stand before the old one falls.

Each step is a transaction of its own, so that none holds its lock while the next index is built. The new rules ask less
than the old one did, or ask it of a column that is still empty: no row can break them.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('accounts', '0002_proven_addresses'),
    ]

    operations = [
        migrations.AddConstraint(
            model_name='user',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'PENDING'), _negated=True), fields=('email',), name='user_email_proven_once'),
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'PENDING')), fields=('email',), name='user_email_pending_once'),
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.UniqueConstraint(condition=models.Q(('phone_verified_at__isnull', False)), fields=('phone',), name='user_phone_proven_once'),
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'PENDING'), ('email__isnull', True)), fields=('phone',), name='user_phone_pending_once'),
        ),
        migrations.AlterField(
            model_name='user',
            name='email',
            field=models.EmailField(db_index=True, max_length=254, null=True),
        ),
        migrations.AlterField(
            model_name='user',
            name='phone',
            field=models.CharField(db_index=True, max_length=20, null=True),
        ),
        migrations.AddIndex(
            model_name='codechallenge',
            index=models.Index(fields=['user', 'created_at'], name='code_of_user'),
        ),
        migrations.AddIndex(
            model_name='codechallenge',
            index=models.Index(fields=['address', 'created_at'], name='code_of_address'),
        ),
    ]
