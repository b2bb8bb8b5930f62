"""Deadlines of disputes, who took them up, and files handed in."""

import datetime
import django.db.models.deletion
import fixmate.core.ids
from django.conf import settings
from django.db import migrations, models

from fixmate.core.constraints import AddCheckBeside


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0003_audit_entries_found'),
        ('disputes', '0001_initial'),
        ('jobs', '0004_jobs_counted'),
        ('technicians', '0006_technician_by_presence'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='DisputeDeadline',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('STAFF_ANSWER', 'First answer of staff'), ('SIDE_ANSWER', 'Answer of a side'), ('DECISION', 'Decision')], max_length=20)),
                ('side', models.CharField(blank=True, choices=[('CUSTOMER', 'The customer'), ('TECHNICIAN', 'The technician')], default='', max_length=20)),
                ('remind_at', models.DateTimeField()),
                ('due_at', models.DateTimeField()),
                ('reminded_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='DisputeEvidence',
            fields=[
                ('id', models.UUIDField(default=fixmate.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('content_type', models.CharField(max_length=50)),
                ('size_bytes', models.PositiveIntegerField()),
                ('sha256', models.CharField(max_length=64)),
            ],
            options={
                'verbose_name_plural': 'evidence',
            },
        ),
        migrations.RemoveConstraint(
            model_name='disputeevent',
            name='dispute_event_kind_known',
        ),
        migrations.AddField(
            model_name='dispute',
            name='due_at',
            field=models.DateTimeField(db_default=datetime.datetime(3000, 1, 1, 0, 0, tzinfo=datetime.timezone.utc), default=datetime.datetime(3000, 1, 1, 0, 0, tzinfo=datetime.timezone.utc), help_text='when the first of its open deadlines runs out: lists begin with it'),
        ),
        migrations.AddField(
            model_name='dispute',
            name='reviewer',
            field=models.ForeignKey(db_index=False, help_text='who took it up', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='disputeevent',
            name='kind',
            field=models.CharField(choices=[('OPENED', 'Opened'), ('MESSAGE', 'Message'), ('ASKED', 'Asked for more'), ('EVIDENCE', 'Evidence handed in'), ('REVIEW_STARTED', 'Review started'), ('RESOLVED', 'Resolved'), ('DISMISSED', 'Dismissed'), ('WITHDRAWN', 'Withdrawn')], max_length=20),
        ),
        AddCheckBeside(
            model_name='disputeevent',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['OPENED', 'MESSAGE', 'ASKED', 'EVIDENCE', 'REVIEW_STARTED', 'RESOLVED', 'DISMISSED', 'WITHDRAWN'])), name='dispute_event_kind_known'),
        ),
        migrations.AddField(
            model_name='disputedeadline',
            name='dispute',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='deadlines', to='disputes.dispute'),
        ),
        migrations.AddField(
            model_name='disputeevidence',
            name='event',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='evidence', to='disputes.disputeevent'),
        ),
        migrations.AddField(
            model_name='disputeevidence',
            name='upload',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.upload'),
        ),
        migrations.AddIndex(
            model_name='disputedeadline',
            index=models.Index(condition=models.Q(('ended_at__isnull', True), ('reminded_at__isnull', True)), fields=['remind_at'], name='dispute_deadline_to_remind'),
        ),
        migrations.AddIndex(
            model_name='disputedeadline',
            index=models.Index(condition=models.Q(('ended_at__isnull', True)), fields=['due_at'], name='dispute_deadline_open'),
        ),
        migrations.AddConstraint(
            model_name='disputedeadline',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['STAFF_ANSWER', 'SIDE_ANSWER', 'DECISION'])), name='dispute_deadline_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='disputedeadline',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'SIDE_ANSWER'), ('side__in', ['CUSTOMER', 'TECHNICIAN'])), models.Q(models.Q(('kind', 'SIDE_ANSWER'), _negated=True), ('side', '')), _connector='OR'), name='dispute_deadline_has_its_side'),
        ),
        migrations.AddConstraint(
            model_name='disputedeadline',
            constraint=models.CheckConstraint(condition=models.Q(('remind_at__lte', models.F('due_at'))), name='dispute_deadline_reminds_before'),
        ),
        migrations.AddConstraint(
            model_name='disputedeadline',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('dispute', 'kind', 'side'), name='dispute_deadline_one_open'),
        ),
    ]
