"""Prices line by line, and quotes revised on site."""

import django.db.models.deletion
import django_fsm
import fixmate.core.ids
import fixmate.core.lifecycle
from django.conf import settings
from django.db import migrations, models

from fixmate.core.constraints import AddCheckBeside


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0004_jobs_counted'),
        ('technicians', '0008_technician_tier'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='JobPriceLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField(help_text='from 1 on')),
                ('kind', models.CharField(choices=[('LABOUR', 'Labour'), ('HOURS', 'Hours'), ('CALL_OUT', 'Call-out'), ('PARTS', 'Parts'), ('CANCELLATION_FEE', 'Cancellation fee'), ('ADJUSTMENT', 'Adjustment')], max_length=20)),
                ('description', models.CharField(max_length=200)),
                ('quantity', models.DecimalField(decimal_places=4, max_digits=10)),
                ('unit_minor', models.BigIntegerField()),
                ('amount_minor', models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='QuoteLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField(help_text='from 1 on')),
                ('kind', models.CharField(choices=[('LABOUR', 'Labour'), ('HOURS', 'Hours'), ('CALL_OUT', 'Call-out'), ('PARTS', 'Parts'), ('CANCELLATION_FEE', 'Cancellation fee'), ('ADJUSTMENT', 'Adjustment')], max_length=20)),
                ('description', models.CharField(max_length=200)),
                ('quantity', models.DecimalField(decimal_places=4, max_digits=10)),
                ('unit_minor', models.BigIntegerField()),
                ('amount_minor', models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='QuoteRevision',
            fields=[
                ('id', models.UUIDField(default=fixmate.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('number', models.PositiveSmallIntegerField(help_text="of the job's, from 1 on")),
                ('status', fixmate.core.lifecycle.StateField(choices=[('PROPOSED', 'Proposed'), ('APPROVED', 'Approved'), ('DECLINED', 'Declined'), ('WITHDRAWN', 'Withdrawn'), ('EXPIRED', 'Expired')], default='PROPOSED', max_length=20)),
                ('note', models.CharField(max_length=1000)),
                ('amount_minor', models.PositiveBigIntegerField(help_text='what comes on top of the price agreed before')),
                ('currency', models.CharField(max_length=3)),
                ('code_failures', models.PositiveSmallIntegerField(default=0)),
                ('proposed_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('closed_at', models.DateTimeField(null=True)),
                ('decline_reason', models.CharField(blank=True, choices=[('TOO_EXPENSIVE', 'Too expensive'), ('NOT_NEEDED', 'Not needed'), ('LATER', 'Another time'), ('OTHER', 'Other')], default='', max_length=20)),
                ('decline_note', models.CharField(blank=True, default='', max_length=1000)),
            ],
            bases=(django_fsm.ConcurrentTransitionMixin, models.Model),
        ),
        migrations.RemoveConstraint(
            model_name='jobevent',
            name='job_event_kind_known',
        ),
        migrations.RemoveConstraint(
            model_name='jobprice',
            name='job_price_kind_known',
        ),
        migrations.AlterField(
            model_name='jobevent',
            name='kind',
            field=models.CharField(choices=[('REQUESTED', 'Requested'), ('MATCHING_STARTED', 'Matching started'), ('UNMATCHED', 'Nobody found'), ('REMATCH_REQUESTED', 'Matching tried again'), ('ASSIGNED', 'Technician assigned'), ('RELEASED', 'Technician cancelled'), ('STARTED', 'Work started'), ('START_REFUSED', 'Start refused'), ('START_CODE_RENEWED', 'Start code renewed'), ('QUOTE_PROPOSED', 'Extra work proposed'), ('QUOTE_APPROVED', 'Extra work approved'), ('QUOTE_REFUSED', 'Approval refused: wrong code'), ('QUOTE_DECLINED', 'Extra work declined'), ('QUOTE_WITHDRAWN', 'Proposal withdrawn'), ('QUOTE_EXPIRED', 'Proposal ran out'), ('COMPLETED', 'Work completed'), ('CANCELLED', 'Cancelled'), ('REMINDED', 'Reminded of the visit'), ('NOTE', 'Remark')], max_length=20),
        ),
        migrations.AlterField(
            model_name='jobprice',
            name='kind',
            field=models.CharField(choices=[('QUOTE', 'Quote'), ('SPLIT', 'Split of the technician'), ('QUOTE_REVISION', 'Quote revised on site'), ('FINAL', 'Final amount'), ('CANCELLATION_FEE', 'Cancellation fee')], max_length=20),
        ),
        AddCheckBeside(
            model_name='jobevent',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['REQUESTED', 'MATCHING_STARTED', 'UNMATCHED', 'REMATCH_REQUESTED', 'ASSIGNED', 'RELEASED', 'STARTED', 'START_REFUSED', 'START_CODE_RENEWED', 'QUOTE_PROPOSED', 'QUOTE_APPROVED', 'QUOTE_REFUSED', 'QUOTE_DECLINED', 'QUOTE_WITHDRAWN', 'QUOTE_EXPIRED', 'COMPLETED', 'CANCELLED', 'REMINDED', 'NOTE'])), name='job_event_kind_known'),
        ),
        AddCheckBeside(
            model_name='jobprice',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['QUOTE', 'SPLIT', 'QUOTE_REVISION', 'FINAL', 'CANCELLATION_FEE'])), name='job_price_kind_known'),
        ),
        migrations.AddField(
            model_name='jobpriceline',
            name='price',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='jobs.jobprice'),
        ),
        migrations.AddField(
            model_name='quoterevision',
            name='job',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='quotes', to='jobs.job'),
        ),
        migrations.AddField(
            model_name='quoterevision',
            name='price',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='quote', to='jobs.jobprice'),
        ),
        migrations.AddField(
            model_name='quoterevision',
            name='technician',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='technicians.technician'),
        ),
        migrations.AddField(
            model_name='quoteline',
            name='quote',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='jobs.quoterevision'),
        ),
        migrations.AddConstraint(
            model_name='jobpriceline',
            constraint=models.UniqueConstraint(fields=('price', 'position'), name='price_line_position_once'),
        ),
        migrations.AddConstraint(
            model_name='jobpriceline',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['LABOUR', 'HOURS', 'CALL_OUT', 'PARTS', 'CANCELLATION_FEE', 'ADJUSTMENT'])), name='price_line_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='jobpriceline',
            constraint=models.CheckConstraint(condition=models.Q(('position__gte', 1), ('quantity__gt', 0)), name='price_line_of_something'),
        ),
        migrations.AddIndex(
            model_name='quoterevision',
            index=models.Index(condition=models.Q(('status', 'PROPOSED')), fields=['expires_at'], name='quote_expiring'),
        ),
        migrations.AddConstraint(
            model_name='quoterevision',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['PROPOSED', 'APPROVED', 'DECLINED', 'WITHDRAWN', 'EXPIRED'])), name='quote_status_known'),
        ),
        migrations.AddConstraint(
            model_name='quoterevision',
            constraint=models.UniqueConstraint(fields=('job', 'number'), name='quote_number_once'),
        ),
        migrations.AddConstraint(
            model_name='quoterevision',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'PROPOSED')), fields=('job',), name='quote_one_open_per_job'),
        ),
        migrations.AddConstraint(
            model_name='quoterevision',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0), ('number__gte', 1)), name='quote_of_something'),
        ),
        migrations.AddConstraint(
            model_name='quoterevision',
            constraint=models.CheckConstraint(condition=models.Q(('status', 'PROPOSED'), ('closed_at__isnull', False), _connector='XOR'), name='quote_closed_has_time'),
        ),
        migrations.AddConstraint(
            model_name='quoterevision',
            constraint=models.CheckConstraint(condition=models.Q(('status', 'APPROVED'), ('price__isnull', True), _connector='XOR'), name='quote_approved_has_price'),
        ),
        migrations.AddConstraint(
            model_name='quoterevision',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decline_reason__in', ['TOO_EXPENSIVE', 'NOT_NEEDED', 'LATER', 'OTHER']), ('status', 'DECLINED')), models.Q(models.Q(('status', 'DECLINED'), _negated=True), ('decline_note', ''), ('decline_reason', '')), _connector='OR'), name='quote_declined_has_reason'),
        ),
        migrations.AddConstraint(
            model_name='quoteline',
            constraint=models.UniqueConstraint(fields=('quote', 'position'), name='quote_line_position_once'),
        ),
        migrations.AddConstraint(
            model_name='quoteline',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['LABOUR', 'HOURS', 'CALL_OUT', 'PARTS', 'CANCELLATION_FEE', 'ADJUSTMENT'])), name='quote_line_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='quoteline',
            constraint=models.CheckConstraint(condition=models.Q(('position__gte', 1), ('quantity__gt', 0)), name='quote_line_of_something'),
        ),
    ]
