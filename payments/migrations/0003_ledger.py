"""The books, refunds and payouts. What there was stays allowed: old processes go on, and post nothing."""

import django.db.models.deletion
import django.db.models.expressions
import django_fsm
import fixmate.core.ids
import fixmate.core.lifecycle
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0004_jobs_counted'),
        ('payments', '0002_payment_captured'),
        ('technicians', '0006_technician_by_presence'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='LedgerAccount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('PROVIDER_CLEARING', 'Money a provider holds for us'), ('CUSTOMER_FUNDS', "Customers' money, not yet earned"), ('PLATFORM_FEE', 'Platform fee'), ('TAX', 'Tax contained in the fee'), ('TECHNICIAN_HELD', 'Earned, in hold'), ('TECHNICIAN_PAYABLE', 'Free to pay out'), ('TECHNICIAN_RECEIVABLE', 'Owed by the technician'), ('PAYOUTS_IN_TRANSIT', 'Payouts under way'), ('REFUNDS_IN_TRANSIT', 'Refunds under way')], max_length=30)),
                ('currency', models.CharField(max_length=3)),
                ('provider', models.CharField(blank=True, default='', max_length=20)),
                ('balance_minor', models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='LedgerEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('amount_minor', models.BigIntegerField()),
                ('balance_after_minor', models.BigIntegerField()),
            ],
            options={
                'verbose_name_plural': 'ledger entries',
            },
        ),
        migrations.CreateModel(
            name='LedgerHead',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='LedgerTransaction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.BigIntegerField(unique=True)),
                ('kind', models.CharField(choices=[('CAPTURE', 'Payment captured'), ('RELEASE', 'Hold released'), ('REFUND', 'Refund approved'), ('REFUND_DONE', 'Refund done'), ('REFUND_FAILED', 'Refund failed'), ('PAYOUT', 'Payout ordered'), ('PAYOUT_HELD_BACK', 'Held back from a payout'), ('PAYOUT_PAID', 'Payout paid'), ('PAYOUT_FAILED', 'Payout failed')], max_length=20)),
                ('key', models.CharField(max_length=100, unique=True)),
                ('currency', models.CharField(max_length=3)),
                ('at', models.DateTimeField()),
                ('note', models.CharField(blank=True, default='', max_length=200)),
            ],
        ),
        migrations.CreateModel(
            name='Payout',
            fields=[
                ('id', models.UUIDField(default=fixmate.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('status', fixmate.core.lifecycle.StateField(choices=[('ORDERED', 'Ordered'), ('SENT', 'Sent'), ('PAID', 'Paid'), ('FAILED', 'Failed')], default='ORDERED', max_length=20)),
                ('provider', models.CharField(choices=[('offline', 'Cash or terminal'), ('stripe', 'Stripe')], help_text='who holds the money', max_length=20)),
                ('currency', models.CharField(max_length=3)),
                ('amount_minor', models.PositiveBigIntegerField(help_text='of the items that were not held back')),
                ('failure', models.CharField(blank=True, default='', max_length=1000)),
                ('ordered_at', models.DateTimeField()),
                ('sent_at', models.DateTimeField(null=True)),
                ('closed_at', models.DateTimeField(null=True)),
            ],
            bases=(django_fsm.ConcurrentTransitionMixin, models.Model),
        ),
        migrations.CreateModel(
            name='PayoutItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('amount_minor', models.PositiveBigIntegerField()),
                ('returned_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Refund',
            fields=[
                ('id', models.UUIDField(default=fixmate.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('status', fixmate.core.lifecycle.StateField(choices=[('REQUESTED', 'Requested'), ('APPROVED', 'Approved'), ('REJECTED', 'Rejected'), ('SENT', 'Sent'), ('DONE', 'Done'), ('FAILED', 'Failed')], default='REQUESTED', max_length=20)),
                ('amount_minor', models.PositiveBigIntegerField()),
                ('platform_fee_minor', models.PositiveBigIntegerField(help_text='what the platform bears, tax included')),
                ('tax_minor', models.PositiveBigIntegerField(help_text='the tax contained in that')),
                ('technician_earnings_minor', models.PositiveBigIntegerField(help_text='what the technician bears')),
                ('reason', models.CharField(max_length=1000)),
                ('dispute_id', models.UUIDField(help_text='the dispute that led to it', null=True)),
                ('needs_second_person', models.BooleanField()),
                ('failure', models.CharField(blank=True, default='', max_length=1000)),
                ('created_at', models.DateTimeField()),
                ('decided_at', models.DateTimeField(null=True)),
                ('sent_at', models.DateTimeField(null=True)),
                ('closed_at', models.DateTimeField(null=True)),
            ],
            bases=(django_fsm.ConcurrentTransitionMixin, models.Model),
        ),
        migrations.RemoveConstraint(
            model_name='payment',
            name='payment_provider_known',
        ),
        migrations.RemoveConstraint(
            model_name='paymentevent',
            name='payment_event_kind_known',
        ),
        migrations.AddField(
            model_name='payment',
            name='refunded_minor',
            field=models.PositiveBigIntegerField(db_default=0, default=0, help_text='of refunds asked for and neither refused nor failed'),
        ),
        migrations.AddField(
            model_name='payment',
            name='released_at',
            field=models.DateTimeField(help_text="when the technician's share left the hold", null=True),
        ),
        migrations.AlterField(
            model_name='payment',
            name='provider',
            field=models.CharField(choices=[('offline', 'Cash or terminal'), ('stripe', 'Stripe')], default='offline', max_length=20),
        ),
        migrations.AlterField(
            model_name='paymentevent',
            name='kind',
            field=models.CharField(choices=[('CREATED', 'Created'), ('CAPTURED', 'Captured'), ('VOIDED', 'Voided'), ('FROZEN', 'Payout frozen'), ('UNFROZEN', 'Payout released'), ('RELEASED', 'Hold released'), ('REFUND_REQUESTED', 'Refund requested'), ('REFUND_APPROVED', 'Refund approved'), ('REFUND_REJECTED', 'Refund rejected'), ('REFUND_SENT', 'Refund sent'), ('REFUND_DONE', 'Refund done'), ('REFUND_FAILED', 'Refund failed'), ('PAYOUT_ORDERED', 'In a payout'), ('PAYOUT_HELD_BACK', 'Held back from a payout')], max_length=20),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('provider__in', ['offline', 'stripe'])), name='payment_provider_known'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('refunded_minor', 0), models.Q(('amount_minor__isnull', False), ('refunded_minor__lte', models.F('amount_minor'))), _connector='OR'), name='payment_refunded_within_amount'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('released_at__isnull', True), ('captured_at__isnull', False), _connector='OR'), name='payment_released_was_captured'),
        ),
        migrations.AddConstraint(
            model_name='paymentevent',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['CREATED', 'CAPTURED', 'VOIDED', 'FROZEN', 'UNFROZEN', 'RELEASED', 'REFUND_REQUESTED', 'REFUND_APPROVED', 'REFUND_REJECTED', 'REFUND_SENT', 'REFUND_DONE', 'REFUND_FAILED', 'PAYOUT_ORDERED', 'PAYOUT_HELD_BACK'])), name='payment_event_kind_known'),
        ),
        migrations.AddField(
            model_name='ledgeraccount',
            name='technician',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='technicians.technician'),
        ),
        migrations.AddField(
            model_name='ledgerentry',
            name='account',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='payments.ledgeraccount'),
        ),
        migrations.AddConstraint(
            model_name='ledgerhead',
            constraint=models.CheckConstraint(condition=models.Q(('id', 1)), name='ledger_head_is_one_row'),
        ),
        migrations.AddField(
            model_name='ledgertransaction',
            name='payment',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='movements', to='payments.payment'),
        ),
        migrations.AddField(
            model_name='ledgerentry',
            name='transaction',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='payments.ledgertransaction'),
        ),
        migrations.AddField(
            model_name='payout',
            name='technician',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='payouts', to='technicians.technician'),
        ),
        migrations.AddField(
            model_name='ledgertransaction',
            name='payout',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='movements', to='payments.payout'),
        ),
        migrations.AddField(
            model_name='payoutitem',
            name='payment',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='payout_items', to='payments.payment'),
        ),
        migrations.AddField(
            model_name='payoutitem',
            name='payout',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='items', to='payments.payout'),
        ),
        migrations.AddField(
            model_name='refund',
            name='decided_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='refund',
            name='payment',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='refunds', to='payments.payment'),
        ),
        migrations.AddField(
            model_name='refund',
            name='requested_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='ledgertransaction',
            name='refund',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='movements', to='payments.refund'),
        ),
        migrations.AddConstraint(
            model_name='ledgeraccount',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['PROVIDER_CLEARING', 'CUSTOMER_FUNDS', 'PLATFORM_FEE', 'TAX', 'TECHNICIAN_HELD', 'TECHNICIAN_PAYABLE', 'TECHNICIAN_RECEIVABLE', 'PAYOUTS_IN_TRANSIT', 'REFUNDS_IN_TRANSIT'])), name='ledger_account_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='ledgeraccount',
            constraint=models.UniqueConstraint(condition=models.Q(('technician__isnull', False)), fields=('kind', 'currency', 'technician'), name='ledger_account_one_per_technician'),
        ),
        migrations.AddConstraint(
            model_name='ledgeraccount',
            constraint=models.UniqueConstraint(condition=models.Q(('technician__isnull', True)), fields=('kind', 'currency', 'provider'), name='ledger_account_one_per_provider'),
        ),
        migrations.AddConstraint(
            model_name='ledgeraccount',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind__in', ('TECHNICIAN_HELD', 'TECHNICIAN_PAYABLE', 'TECHNICIAN_RECEIVABLE')), ('technician__isnull', False)), models.Q(models.Q(('kind__in', ('TECHNICIAN_HELD', 'TECHNICIAN_PAYABLE', 'TECHNICIAN_RECEIVABLE')), _negated=True), ('technician__isnull', True)), _connector='OR'), name='ledger_account_technician_where_his'),
        ),
        migrations.AddConstraint(
            model_name='ledgeraccount',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'PROVIDER_CLEARING'), models.Q(('provider', ''), _negated=True)), models.Q(models.Q(('kind', 'PROVIDER_CLEARING'), _negated=True), ('provider', '')), _connector='OR'), name='ledger_account_provider_where_its'),
        ),
        migrations.AddConstraint(
            model_name='ledgeraccount',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind__in', ('CUSTOMER_FUNDS', 'TECHNICIAN_HELD', 'TECHNICIAN_PAYABLE', 'PAYOUTS_IN_TRANSIT', 'REFUNDS_IN_TRANSIT')), _negated=True), ('balance_minor__lte', 0), _connector='OR'), name='ledger_account_owes_nothing_negative'),
        ),
        migrations.AddIndex(
            model_name='ledgerentry',
            index=models.Index(fields=['account', 'id'], name='ledger_entry_of_account'),
        ),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor', 0), _negated=True), name='ledger_entry_not_zero'),
        ),
        migrations.AddIndex(
            model_name='payout',
            index=models.Index(fields=['-ordered_at', '-id'], name='payout_newest'),
        ),
        migrations.AddIndex(
            model_name='payout',
            index=models.Index(fields=['technician', '-ordered_at', '-id'], name='payout_of_technician'),
        ),
        migrations.AddConstraint(
            model_name='payout',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['ORDERED', 'SENT', 'PAID', 'FAILED'])), name='payout_status_known'),
        ),
        migrations.AddConstraint(
            model_name='payout',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0), ('status', 'FAILED'), _connector='OR'), name='payout_of_something'),
        ),
        migrations.AddConstraint(
            model_name='payoutitem',
            constraint=models.UniqueConstraint(condition=models.Q(('returned_at__isnull', False), _negated=True), fields=('payment',), name='payout_item_paid_once'),
        ),
        migrations.AddConstraint(
            model_name='payoutitem',
            constraint=models.UniqueConstraint(fields=('payout', 'payment'), name='payout_item_once_in_a_payout'),
        ),
        migrations.AddConstraint(
            model_name='payoutitem',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0)), name='payout_item_of_something'),
        ),
        migrations.AddIndex(
            model_name='refund',
            index=models.Index(fields=['-created_at', '-id'], name='refund_newest'),
        ),
        migrations.AddIndex(
            model_name='refund',
            index=models.Index(fields=['payment', 'created_at'], name='refund_of_payment'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['REQUESTED', 'APPROVED', 'REJECTED', 'SENT', 'DONE', 'FAILED'])), name='refund_status_known'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor', django.db.models.expressions.CombinedExpression(models.F('platform_fee_minor'), '+', models.F('technician_earnings_minor'))), ('amount_minor__gt', 0), ('tax_minor__lte', models.F('platform_fee_minor'))), name='refund_split_adds_up'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['REQUESTED', 'REJECTED']), models.Q(('decided_at__isnull', False), ('decided_by__isnull', False)), _connector='OR'), name='refund_approved_by_somebody'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.CheckConstraint(condition=models.Q(('needs_second_person', False), ('decided_by__isnull', True), ('status', 'REJECTED'), models.Q(('decided_by', models.F('requested_by')), _negated=True), _connector='OR'), name='refund_approved_by_another'),
        ),
        migrations.AddConstraint(
            model_name='ledgertransaction',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['CAPTURE', 'RELEASE', 'REFUND', 'REFUND_DONE', 'REFUND_FAILED', 'PAYOUT', 'PAYOUT_HELD_BACK', 'PAYOUT_PAID', 'PAYOUT_FAILED'])), name='ledger_transaction_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='ledgertransaction',
            constraint=models.CheckConstraint(condition=models.Q(('number__gte', 1)), name='ledger_transaction_number_from_one'),
        ),
    ]
