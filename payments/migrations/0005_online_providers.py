"""What online providers hold and are asked, and technicians' accounts with them; the kinds of what moves by them."""

import django.db.models.deletion
import django_fsm
import fixmate.core.ids
import fixmate.core.lifecycle
from django.conf import settings
from django.db import migrations, models

from fixmate.core.constraints import AddCheckBeside


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0004_payment_to_release'),
        ('technicians', '0008_technician_tier'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Hold',
            fields=[
                ('id', models.UUIDField(default=fixmate.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('number', models.PositiveSmallIntegerField()),
                ('status', fixmate.core.lifecycle.StateField(choices=[('ASKED', 'Asked for'), ('ACTION_NEEDED', 'The customer has to confirm'), ('HELD', 'Held'), ('CAPTURED', 'Captured'), ('RELEASED', 'Released'), ('FAILED', 'Failed')], default='ASKED', max_length=20)),
                ('amount_minor', models.PositiveBigIntegerField()),
                ('captured_minor', models.PositiveBigIntegerField(default=0)),
                ('method', models.CharField(help_text="the provider's id of the card", max_length=255)),
                ('ref', models.CharField(blank=True, default='', help_text="the provider's id of the hold", max_length=255)),
                ('client_secret', models.CharField(blank=True, default='', help_text="with it the customer's app confirms; blank once settled", max_length=255)),
                ('failure', models.CharField(blank=True, default='', help_text="the provider's code", max_length=100)),
                ('created_at', models.DateTimeField()),
                ('held_at', models.DateTimeField(null=True)),
                ('lapses_at', models.DateTimeField(help_text='when the provider lets go of it by itself', null=True)),
                ('closed_at', models.DateTimeField(null=True)),
            ],
            bases=(django_fsm.ConcurrentTransitionMixin, models.Model),
        ),
        migrations.CreateModel(
            name='ProviderCall',
            fields=[
                ('id', models.UUIDField(default=fixmate.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('provider', models.CharField(choices=[('offline', 'Cash or terminal'), ('stripe', 'Stripe')], max_length=20)),
                ('kind', models.CharField(choices=[('HOLD', 'Hold an amount'), ('CAPTURE', 'Take what is held'), ('RELEASE', 'Release what is held'), ('REFUND', 'Give back'), ('TRANSFER', 'Pay out'), ('ACCOUNT', 'Open an account to pay out to')], max_length=20)),
                ('status', fixmate.core.lifecycle.StateField(choices=[('WAITING', 'Waiting'), ('DONE', 'Done'), ('REFUSED', 'Refused')], default='WAITING', max_length=20)),
                ('amount_minor', models.PositiveBigIntegerField(default=0)),
                ('ref', models.CharField(blank=True, default='', help_text="the provider's id of what it made", max_length=255)),
                ('tries', models.PositiveIntegerField(default=0)),
                ('next_try_at', models.DateTimeField(help_text='or, while it is under way, when it counts as lost')),
                ('last_error', models.CharField(blank=True, default='', max_length=1000)),
                ('created_at', models.DateTimeField()),
                ('closed_at', models.DateTimeField(null=True)),
            ],
            bases=(django_fsm.ConcurrentTransitionMixin, models.Model),
        ),
        migrations.CreateModel(
            name='ProviderCustomer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('provider', models.CharField(choices=[('offline', 'Cash or terminal'), ('stripe', 'Stripe')], max_length=20)),
                ('ref', models.CharField(blank=True, default='', help_text="the provider's id of him; blank until it is asked", max_length=255)),
                ('method', models.CharField(blank=True, default='', help_text="the provider's id of his card", max_length=255)),
                ('created_at', models.DateTimeField()),
            ],
        ),
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
                ('technician', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='payout_accounts', to='technicians.technician')),
            ],
            options={
                'constraints': [
                    models.UniqueConstraint(fields=('technician', 'provider'), name='payout_account_once'),
                    models.UniqueConstraint(condition=models.Q(('ref', ''), _negated=True), fields=('ref', 'provider'), name='payout_account_of_one'),
                    models.CheckConstraint(condition=models.Q(models.Q(('provider', 'offline'), _negated=True), ('provider__in', ['offline', 'stripe'])), name='payout_account_of_one_online'),
                    models.CheckConstraint(condition=models.Q(('ready_at__isnull', True), models.Q(('ref', ''), _negated=True), _connector='OR'), name='payout_account_ready_has_ref'),
                    models.CheckConstraint(condition=models.Q(('link', ''), ('link_expires_at__isnull', False), _connector='XOR'), name='payout_account_link_expires'),
                ],
            },
        ),
        migrations.RemoveConstraint(
            model_name='ledgeraccount',
            name='ledger_account_kind_known',
        ),
        migrations.RemoveConstraint(
            model_name='ledgertransaction',
            name='ledger_transaction_kind_known',
        ),
        migrations.RemoveConstraint(
            model_name='paymentevent',
            name='payment_event_kind_known',
        ),
        migrations.AlterField(
            model_name='ledgeraccount',
            name='kind',
            field=models.CharField(choices=[('PROVIDER_CLEARING', 'Money a provider holds for us'), ('CUSTOMER_FUNDS', "Customers' money, not yet earned"), ('PLATFORM_FEE', 'Platform fee'), ('TAX', 'Tax contained in the fee'), ('TECHNICIAN_HELD', 'Earned, in hold'), ('TECHNICIAN_PAYABLE', 'Free to pay out'), ('TECHNICIAN_RECEIVABLE', 'Owed by the technician'), ('PAYOUTS_IN_TRANSIT', 'Payouts under way'), ('REFUNDS_IN_TRANSIT', 'Refunds under way'), ('CHARGEBACKS', "Taken back by customers' banks, not decided"), ('CHARGEBACK_LOSSES', 'Lost to chargebacks, fees included')], max_length=30),
        ),
        migrations.AlterField(
            model_name='ledgertransaction',
            name='kind',
            field=models.CharField(choices=[('CAPTURE', 'Payment captured'), ('RELEASE', 'Hold released'), ('REFUND', 'Refund approved'), ('REFUND_DONE', 'Refund done'), ('REFUND_FAILED', 'Refund failed'), ('PAYOUT', 'Payout ordered'), ('PAYOUT_HELD_BACK', 'Held back from a payout'), ('PAYOUT_PAID', 'Payout paid'), ('PAYOUT_FAILED', 'Payout failed'), ('CHARGEBACK', 'Charged back'), ('CHARGEBACK_WON', 'Chargeback won'), ('CHARGEBACK_LOST', 'Chargeback lost')], max_length=20),
        ),
        migrations.AlterField(
            model_name='paymentevent',
            name='kind',
            field=models.CharField(choices=[('CREATED', 'Created'), ('HOLD_ASKED', 'Hold asked for'), ('HOLD_ACTION_NEEDED', 'The customer has to confirm'), ('HOLD_FAILED', 'Hold failed'), ('HOLD_RELEASED', 'Hold released by the provider'), ('AUTHORIZED', 'Authorized'), ('FAILED', 'Failed'), ('CAPTURE_ASKED', 'Capture asked for'), ('CAPTURED', 'Captured'), ('VOIDED', 'Voided'), ('FROZEN', 'Payout frozen'), ('UNFROZEN', 'Payout released'), ('RELEASED', 'Hold released'), ('REFUND_REQUESTED', 'Refund requested'), ('REFUND_APPROVED', 'Refund approved'), ('REFUND_REJECTED', 'Refund rejected'), ('REFUND_SENT', 'Refund sent'), ('REFUND_DONE', 'Refund done'), ('REFUND_FAILED', 'Refund failed'), ('PAYOUT_ORDERED', 'In a payout'), ('PAYOUT_HELD_BACK', 'Held back from a payout'), ('CHARGED_BACK', 'Charged back'), ('CHARGEBACK_WON', 'Chargeback won'), ('CHARGEBACK_LOST', 'Chargeback lost')], max_length=20),
        ),
        AddCheckBeside(
            model_name='ledgeraccount',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['PROVIDER_CLEARING', 'CUSTOMER_FUNDS', 'PLATFORM_FEE', 'TAX', 'TECHNICIAN_HELD', 'TECHNICIAN_PAYABLE', 'TECHNICIAN_RECEIVABLE', 'PAYOUTS_IN_TRANSIT', 'REFUNDS_IN_TRANSIT', 'CHARGEBACKS', 'CHARGEBACK_LOSSES'])), name='ledger_account_kind_known'),
        ),
        AddCheckBeside(
            model_name='ledgertransaction',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['CAPTURE', 'RELEASE', 'REFUND', 'REFUND_DONE', 'REFUND_FAILED', 'PAYOUT', 'PAYOUT_HELD_BACK', 'PAYOUT_PAID', 'PAYOUT_FAILED', 'CHARGEBACK', 'CHARGEBACK_WON', 'CHARGEBACK_LOST'])), name='ledger_transaction_kind_known'),
        ),
        AddCheckBeside(
            model_name='paymentevent',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['CREATED', 'HOLD_ASKED', 'HOLD_ACTION_NEEDED', 'HOLD_FAILED', 'HOLD_RELEASED', 'AUTHORIZED', 'FAILED', 'CAPTURE_ASKED', 'CAPTURED', 'VOIDED', 'FROZEN', 'UNFROZEN', 'RELEASED', 'REFUND_REQUESTED', 'REFUND_APPROVED', 'REFUND_REJECTED', 'REFUND_SENT', 'REFUND_DONE', 'REFUND_FAILED', 'PAYOUT_ORDERED', 'PAYOUT_HELD_BACK', 'CHARGED_BACK', 'CHARGEBACK_WON', 'CHARGEBACK_LOST'])), name='payment_event_kind_known'),
        ),
        migrations.AddField(
            model_name='hold',
            name='payment',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='holds', to='payments.payment'),
        ),
        migrations.AddField(
            model_name='providercall',
            name='account',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='calls', to='payments.payoutaccount'),
        ),
        migrations.AddField(
            model_name='providercall',
            name='hold',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='calls', to='payments.hold'),
        ),
        migrations.AddField(
            model_name='providercall',
            name='payment',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='calls', to='payments.payment'),
        ),
        migrations.AddField(
            model_name='providercall',
            name='payout',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='calls', to='payments.payout'),
        ),
        migrations.AddField(
            model_name='providercall',
            name='refund',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='calls', to='payments.refund'),
        ),
        migrations.AddField(
            model_name='providercustomer',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='hold',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['ASKED', 'ACTION_NEEDED', 'HELD', 'CAPTURED', 'RELEASED', 'FAILED'])), name='hold_status_known'),
        ),
        migrations.AddConstraint(
            model_name='hold',
            constraint=models.UniqueConstraint(fields=('payment', 'number'), name='hold_number_once'),
        ),
        migrations.AddConstraint(
            model_name='hold',
            constraint=models.UniqueConstraint(condition=models.Q(('ref', ''), _negated=True), fields=('ref',), name='hold_ref_once'),
        ),
        migrations.AddConstraint(
            model_name='hold',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0), ('captured_minor__lte', models.F('amount_minor'))), name='hold_takes_what_it_holds'),
        ),
        migrations.AddConstraint(
            model_name='hold',
            constraint=models.CheckConstraint(condition=models.Q(('status', 'CAPTURED'), ('captured_minor', 0), _connector='XOR'), name='hold_captured_took_something'),
        ),
        migrations.AddConstraint(
            model_name='hold',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status__in', ['HELD', 'CAPTURED']), _negated=True), models.Q(models.Q(('ref', ''), _negated=True), ('held_at__isnull', False)), _connector='OR'), name='hold_held_by_somebody'),
        ),
        migrations.AddConstraint(
            model_name='hold',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ('ASKED', 'ACTION_NEEDED', 'HELD')), ('closed_at__isnull', False), _connector='XOR'), name='hold_closed_has_time'),
        ),
        migrations.AddIndex(
            model_name='providercall',
            index=models.Index(condition=models.Q(('status', 'WAITING')), fields=['next_try_at', 'id'], name='provider_call_due'),
        ),
        migrations.AddIndex(
            model_name='providercall',
            index=models.Index(fields=['-created_at', '-id'], name='provider_call_newest'),
        ),
        migrations.AddConstraint(
            model_name='providercall',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['WAITING', 'DONE', 'REFUSED'])), name='provider_call_status_known'),
        ),
        migrations.AddConstraint(
            model_name='providercall',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['HOLD', 'CAPTURE', 'RELEASE', 'REFUND', 'TRANSFER', 'ACCOUNT'])), name='provider_call_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='providercall',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('provider', 'offline'), _negated=True), ('provider__in', ['offline', 'stripe'])), name='provider_call_of_one_online'),
        ),
        migrations.AddConstraint(
            model_name='providercall',
            constraint=models.CheckConstraint(condition=models.Q(('status', 'WAITING'), ('closed_at__isnull', False), _connector='XOR'), name='provider_call_closed_has_time'),
        ),
        migrations.AddConstraint(
            model_name='providercall',
            constraint=models.UniqueConstraint(condition=models.Q(('kind__in', ['HOLD', 'CAPTURE', 'RELEASE']), models.Q(('status', 'REFUSED'), _negated=True)), fields=('hold', 'kind'), name='provider_call_once_for_a_hold'),
        ),
        migrations.AddConstraint(
            model_name='providercall',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'REFUND'), models.Q(('status', 'REFUSED'), _negated=True)), fields=('refund', 'hold'), name='provider_call_once_for_a_refund'),
        ),
        migrations.AddConstraint(
            model_name='providercall',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'TRANSFER')), fields=('payout',), name='provider_call_once_for_a_payout'),
        ),
        migrations.AddConstraint(
            model_name='providercall',
            constraint=models.UniqueConstraint(condition=models.Q(models.Q(('ref', ''), _negated=True), ('kind__in', ['REFUND', 'TRANSFER'])), fields=('provider', 'kind', 'ref'), name='provider_call_ref_once'),
        ),
        migrations.AddConstraint(
            model_name='providercustomer',
            constraint=models.UniqueConstraint(fields=('user', 'provider'), name='provider_customer_once'),
        ),
        migrations.AddConstraint(
            model_name='providercustomer',
            constraint=models.UniqueConstraint(condition=models.Q(('ref', ''), _negated=True), fields=('provider', 'ref'), name='provider_customer_of_one'),
        ),
        migrations.AddConstraint(
            model_name='providercall',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'ACCOUNT'), ('status', 'WAITING')), fields=('account',), name='provider_call_one_for_an_account'),
        ),
    ]
