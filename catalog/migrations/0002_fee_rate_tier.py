"""Fee rates for technicians of a tier."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='feerate',
            name='tier',
            field=models.CharField(blank=True, choices=[('STANDARD', 'Standard'), ('PREFERRED', 'Preferred'), ('PARTNER', 'Partner')], db_default='', default='', max_length=20),
        ),
        migrations.AddConstraint(
            model_name='feerate',
            constraint=models.CheckConstraint(condition=models.Q(('tier__in', ['', 'PREFERRED', 'PARTNER'])), name='fee_rate_tier_known'),
        ),
    ]
