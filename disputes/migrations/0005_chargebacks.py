"""Disputes that nobody of us opened: the customer's bank took the payment back."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from fixmate.core.constraints import AddCheckBeside


class Migration(migrations.Migration):

    dependencies = [
        ('disputes', '0004_deadlines_begin'),
        ('jobs', '0007_checks_validated'),
        ('payments', '0006_webhooks_and_chargebacks'),
        ('technicians', '0008_technician_tier'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='DisputeChargeback',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('joined_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='dispute',
            name='dispute_category_known',
        ),
        migrations.RemoveConstraint(
            model_name='disputedeadline',
            name='dispute_deadline_kind_known',
        ),
        migrations.RemoveConstraint(
            model_name='disputeevent',
            name='dispute_event_kind_known',
        ),
        migrations.AlterField(
            model_name='dispute',
            name='category',
            field=models.CharField(choices=[('QUALITY', 'Quality of the work'), ('PRICE', 'Price'), ('DAMAGE', 'Damage'), ('CONDUCT', 'Conduct'), ('NO_SHOW', 'Did not come'), ('PAYMENT', 'Payment'), ('CHARGEBACK', 'Chargeback'), ('OTHER', 'Other')], max_length=20),
        ),
        migrations.AlterField(
            model_name='dispute',
            name='opened_by',
            field=models.ForeignKey(help_text="nobody, where the customer's bank took the payment back", null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='disputedeadline',
            name='kind',
            field=models.CharField(choices=[('STAFF_ANSWER', 'First answer of staff'), ('SIDE_ANSWER', 'Answer of a side'), ('DECISION', 'Decision'), ('PROVIDER_EVIDENCE', 'Evidence on a chargeback')], max_length=20),
        ),
        migrations.AlterField(
            model_name='disputeevent',
            name='actor',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='disputeevent',
            name='actor_role',
            field=models.CharField(blank=True, default='', max_length=20),
        ),
        migrations.AlterField(
            model_name='disputeevent',
            name='kind',
            field=models.CharField(choices=[('OPENED', 'Opened'), ('MESSAGE', 'Message'), ('ASKED', 'Asked for more'), ('EVIDENCE', 'Evidence handed in'), ('REVIEW_STARTED', 'Review started'), ('RESOLVED', 'Resolved'), ('DISMISSED', 'Dismissed'), ('WITHDRAWN', 'Withdrawn'), ('CHARGED_BACK', 'Charged back'), ('CHARGEBACK_WON', 'Chargeback won'), ('CHARGEBACK_LOST', 'Chargeback lost')], max_length=20),
        ),
        AddCheckBeside(
            model_name='dispute',
            constraint=models.CheckConstraint(condition=models.Q(('category__in', ['QUALITY', 'PRICE', 'DAMAGE', 'CONDUCT', 'NO_SHOW', 'PAYMENT', 'CHARGEBACK', 'OTHER'])), name='dispute_category_known'),
        ),
        AddCheckBeside(
            model_name='dispute',
            constraint=models.CheckConstraint(condition=models.Q(('category', 'CHARGEBACK'), ('opened_by__isnull', False), _connector='XOR'), name='dispute_opened_by_somebody'),
        ),
        AddCheckBeside(
            model_name='disputedeadline',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['STAFF_ANSWER', 'SIDE_ANSWER', 'DECISION', 'PROVIDER_EVIDENCE'])), name='dispute_deadline_kind_known'),
        ),
        AddCheckBeside(
            model_name='disputeevent',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['OPENED', 'MESSAGE', 'ASKED', 'EVIDENCE', 'REVIEW_STARTED', 'RESOLVED', 'DISMISSED', 'WITHDRAWN', 'CHARGED_BACK', 'CHARGEBACK_WON', 'CHARGEBACK_LOST'])), name='dispute_event_kind_known'),
        ),
        AddCheckBeside(
            model_name='disputeevent',
            constraint=models.CheckConstraint(condition=models.Q(('actor__isnull', False), ('actor_role', ''), _connector='XOR'), name='dispute_event_actor_has_role'),
        ),
        migrations.AddField(
            model_name='disputechargeback',
            name='chargeback',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='payments.chargeback'),
        ),
        migrations.AddField(
            model_name='disputechargeback',
            name='dispute',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='chargebacks', to='disputes.dispute'),
        ),
    ]
