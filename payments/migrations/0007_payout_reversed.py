"""What a provider took back of a payout."""

from django.db import migrations, models

from fixmate.core.constraints import AddCheckBeside


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0006_webhooks_and_chargebacks'),
    ]

    operations = [
        migrations.AddField(
            model_name='payout',
            name='reversed_minor',
            field=models.PositiveBigIntegerField(db_default=0, default=0, help_text='what the provider took back after it had arrived, for staff to look into'),
        ),
        AddCheckBeside(
            model_name='payout',
            constraint=models.CheckConstraint(condition=models.Q(('reversed_minor', 0), models.Q(('reversed_minor__lte', models.F('amount_minor')), ('status', 'PAID')), _connector='OR'), name='payout_reversed_was_paid'),
        ),
    ]
