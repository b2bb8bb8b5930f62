"""Technicians' accounts with online providers, and what a provider took back of a payout."""

import django.db.models.deletion
import fixmate.core.ids
from django.db import migrations, models

from fixmate.core.constraints import AddCheckBeside


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0006_webhooks_and_chargebacks'),
        ('technicians', '0008_technician_tier'),
    ]

    operations = [
        migrations.CreateModel(
            name='PayoutAccount',
            fields=[
                ('id', models.UUIDField(default=fixmate.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('provider', models.CharField(choices=[('offline', 'Cash or terminal'), ('stripe', 'Stripe')], max_length=20)),
                ('ref', models.CharField(blank=True, default='', help_text="the provider's id of the account", max_length=255)),
                ('link', models.CharField(blank=True, default='', help_text='where the technician tells the provider who he is', max_length=2000)),
                ('link_expires_at', models.DateTimeField(null=True)),
                ('ready_at', models.DateTimeField(help_text='since when the provider takes transfers to it', null=True)),
                ('read_at', models.DateTimeField(help_text='when the reading of it began that stands here', null=True)),
                ('paused_until', models.DateTimeField(help_text='after a transfer that was refused nothing is sent before', null=True)),
                ('created_at', models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name='payout',
            name='reversed_minor',
            field=models.PositiveBigIntegerField(db_default=0, default=0, help_text='what the provider took back after it had arrived, for staff to look into'),
        ),
        AddCheckBeside(
            model_name='payout',
            constraint=models.CheckConstraint(condition=models.Q(('reversed_minor', 0), models.Q(('reversed_minor__lte', models.F('amount_minor')), ('status', 'PAID')), _connector='OR'), name='payout_reversed_was_paid'),
        ),
        migrations.AddField(
            model_name='payoutaccount',
            name='technician',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='payout_accounts', to='technicians.technician'),
        ),
        migrations.AddField(
            model_name='providercall',
            name='account',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='calls', to='payments.payoutaccount'),
        ),
        migrations.AddConstraint(
            model_name='providercall',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'ACCOUNT'), ('status', 'WAITING')), fields=('account',), name='provider_call_one_for_an_account'),
        ),
        migrations.AddConstraint(
            model_name='payoutaccount',
            constraint=models.UniqueConstraint(fields=('technician', 'provider'), name='payout_account_once'),
        ),
        migrations.AddConstraint(
            model_name='payoutaccount',
            constraint=models.UniqueConstraint(condition=models.Q(('ref', ''), _negated=True), fields=('ref', 'provider'), name='payout_account_of_one'),
        ),
        migrations.AddConstraint(
            model_name='payoutaccount',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('provider', 'offline'), _negated=True), ('provider__in', ['offline', 'stripe'])), name='payout_account_of_one_online'),
        ),
        migrations.AddConstraint(
            model_name='payoutaccount',
            constraint=models.CheckConstraint(condition=models.Q(('ready_at__isnull', True), models.Q(('ref', ''), _negated=True), _connector='OR'), name='payout_account_ready_has_ref'),
        ),
        migrations.AddConstraint(
            model_name='payoutaccount',
            constraint=models.CheckConstraint(condition=models.Q(('link', ''), ('link_expires_at__isnull', False), _connector='XOR'), name='payout_account_link_expires'),
        ),
    ]
