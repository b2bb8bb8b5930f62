"""Technicians have a tier; everybody's is STANDARD at first."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('technicians', '0007_reputation'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='technician',
            name='tier',
            field=models.CharField(choices=[('STANDARD', 'Standard'), ('PREFERRED', 'Preferred'), ('PARTNER', 'Partner')], db_default='STANDARD', default='STANDARD', max_length=20),
        ),
        migrations.AddConstraint(
            model_name='technician',
            constraint=models.CheckConstraint(condition=models.Q(('tier__in', ['STANDARD', 'PREFERRED', 'PARTNER'])), name='technician_tier_known'),
        ),
    ]
