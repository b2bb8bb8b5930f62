"""Each client has a code of its own: the new rule asks less than the old one did, and stands before that one falls."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0006_registration_entries'),
    ]

    operations = [
        migrations.AddConstraint(
            model_name='codechallenge',
            constraint=models.UniqueConstraint(condition=models.Q(('closed_at__isnull', True)), fields=('user', 'purpose', 'asked_from'), name='code_one_open_per_client'),
        ),
        migrations.RemoveConstraint(
            model_name='codechallenge',
            name='code_one_open_per_purpose',
        ),
    ]
