"""Jobs called off because the customer was not there, and since when their technicians wait. The database does not ask which reasons there are."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0007_checks_validated'),
    ]

    operations = [
        migrations.AddField(
            model_name='job',
            name='waiting_from',
            field=models.DateTimeField(help_text='since when he says that nobody opens the door', null=True),
        ),
        migrations.AlterField(
            model_name='job',
            name='cancel_reason',
            field=models.CharField(blank=True, choices=[('NOT_NEEDED', 'Not needed any more'), ('TOO_SLOW', 'Took too long'), ('FOUND_OTHER', 'Found somebody else'), ('MISTAKE', 'Ordered by mistake'), ('CANNOT_COME', 'Cannot come'), ('EMERGENCY', 'Emergency'), ('WENT_DARK', 'Could not be reached before the visit'), ('TRANSFERRED', 'Given to somebody else by staff'), ('STAFF', 'Decided by staff'), ('NO_SHOW', 'Customer was not there'), ('OTHER', 'Other')], default='', max_length=20),
        ),
    ]
