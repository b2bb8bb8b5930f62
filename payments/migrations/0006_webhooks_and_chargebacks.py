"""The inbox of what providers tell us, and what customers' banks take back."""

import django.db.models.deletion
import django_fsm
import fixmate.core.ids
import fixmate.core.lifecycle
from django.db import migrations, models

from fixmate.core.constraints import AddCheckBeside


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0007_checks_validated'),
        ('payments', '0005_online_providers'),
        ('technicians', '0008_technician_tier'),
    ]

    operations = [
        migrations.CreateModel(
            name='Chargeback',
            fields=[
                ('id', models.UUIDField(default=fixmate.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('provider', models.CharField(choices=[('offline', 'Cash or terminal'), ('stripe', 'Stripe')], max_length=20)),
                ('ref', models.CharField(help_text="the provider's id of it", max_length=255)),
                ('status', fixmate.core.lifecycle.StateField(choices=[('NEEDS_RESPONSE', 'Evidence is wanted'), ('UNDER_REVIEW', 'Under review by the bank'), ('WON', 'Won'), ('LOST', 'Lost')], default='NEEDS_RESPONSE', max_length=20)),
                ('amount_minor', models.PositiveBigIntegerField(default=0)),
                ('fee_minor', models.PositiveBigIntegerField(default=0, help_text='what the provider charges for it')),
                ('reason', models.CharField(blank=True, default='', help_text="the provider's code", max_length=100)),
                ('evidence_due_at', models.DateTimeField(null=True)),
                ('opened_at', models.DateTimeField()),
                ('looked_at', models.DateTimeField(help_text='when we last asked how it stands without having been told anything')),
                ('closed_at', models.DateTimeField(null=True)),
            ],
            bases=(django_fsm.ConcurrentTransitionMixin, models.Model),
        ),
        migrations.CreateModel(
            name='WebhookEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('provider', models.CharField(choices=[('offline', 'Cash or terminal'), ('stripe', 'Stripe')], max_length=20)),
                ('event_id', models.CharField(max_length=255)),
                ('type', models.CharField(max_length=100)),
                ('kind', models.CharField(blank=True, default='', help_text='of the object; blank where we want none', max_length=20)),
                ('ref', models.CharField(blank=True, default='', help_text="the provider's id of the object", max_length=255)),
                ('received_at', models.DateTimeField()),
                ('applied_at', models.DateTimeField(null=True)),
                ('tries', models.PositiveIntegerField(default=0)),
                ('next_try_at', models.DateTimeField(help_text='when the sweep takes it up, if it is left by then')),
                ('last_error', models.CharField(blank=True, default='', max_length=1000)),
            ],
        ),
        migrations.AddField(
            model_name='payment',
            name='charged_back_minor',
            field=models.PositiveBigIntegerField(db_default=0, default=0, help_text="with the customer's bank, for now or for good"),
        ),
        AddCheckBeside(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('charged_back_minor', 0), ('amount_minor__isnull', False), _connector='OR'), name='payment_charged_back_was_taken'),
        ),
        migrations.AddField(
            model_name='chargeback',
            name='payment',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='chargebacks', to='payments.payment'),
        ),
        migrations.AddField(
            model_name='chargeback',
            name='hold',
            field=models.ForeignKey(help_text='what it was taken from, and back', on_delete=django.db.models.deletion.PROTECT, related_name='chargebacks', to='payments.hold'),
        ),
        migrations.AddIndex(
            model_name='webhookevent',
            index=models.Index(condition=models.Q(('applied_at__isnull', True)), fields=['next_try_at', 'id'], name='webhook_event_left'),
        ),
        migrations.AddIndex(
            model_name='webhookevent',
            index=models.Index(fields=['provider', 'ref'], name='webhook_event_about'),
        ),
        migrations.AddIndex(
            model_name='webhookevent',
            index=models.Index(fields=['received_at'], name='webhook_event_by_age'),
        ),
        migrations.AddConstraint(
            model_name='webhookevent',
            constraint=models.UniqueConstraint(fields=('provider', 'event_id'), name='webhook_event_once'),
        ),
        migrations.AddConstraint(
            model_name='webhookevent',
            constraint=models.CheckConstraint(condition=models.Q(('provider__in', ['offline', 'stripe'])), name='webhook_event_provider_known'),
        ),
        migrations.AddIndex(
            model_name='chargeback',
            index=models.Index(fields=['-opened_at', '-id'], name='chargeback_newest'),
        ),
        migrations.AddIndex(
            model_name='chargeback',
            index=models.Index(condition=models.Q(('closed_at__isnull', True)), fields=['payment'], name='chargeback_open'),
        ),
        migrations.AddIndex(
            model_name='chargeback',
            index=models.Index(condition=models.Q(('closed_at__isnull', True)), fields=['looked_at', 'id'], name='chargeback_to_look_at'),
        ),
        migrations.AddConstraint(
            model_name='chargeback',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['NEEDS_RESPONSE', 'UNDER_REVIEW', 'WON', 'LOST'])), name='chargeback_status_known'),
        ),
        migrations.AddConstraint(
            model_name='chargeback',
            constraint=models.UniqueConstraint(fields=('provider', 'ref'), name='chargeback_ref_once'),
        ),
        migrations.AddConstraint(
            model_name='chargeback',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('provider', 'offline'), _negated=True), ('provider__in', ['offline', 'stripe'])), name='chargeback_of_one_online'),
        ),
        migrations.AddConstraint(
            model_name='chargeback',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ('NEEDS_RESPONSE', 'UNDER_REVIEW')), ('closed_at__isnull', False), _connector='XOR'), name='chargeback_closed_has_time'),
        ),
    ]
