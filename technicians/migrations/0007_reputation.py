"""What a technician is rated by, kept as sums; `rebuild_reputation` counts what was before."""

import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('technicians', '0006_technician_by_presence'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='technician',
            name='conduct_count',
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='technician',
            name='conduct_sum',
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='technician',
            name='jobs_reworked',
            field=models.PositiveIntegerField(db_default=0, default=0, help_text='finished jobs that a dispute found badly done'),
        ),
        migrations.AddField(
            model_name='technician',
            name='offers_accepted',
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='technician',
            name='offers_decided',
            field=models.PositiveIntegerField(db_default=0, default=0, help_text='offers seen or answered, ever'),
        ),
        migrations.AddField(
            model_name='technician',
            name='price_count',
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='technician',
            name='price_sum',
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='technician',
            name='punctual_count',
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='technician',
            name='punctual_sum',
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='technician',
            name='quality_count',
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='technician',
            name='quality_sum',
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='technician',
            name='visits_begun',
            field=models.PositiveIntegerField(db_default=0, default=0, help_text='visits booked ahead, begun'),
        ),
        migrations.AddField(
            model_name='technician',
            name='visits_punctual',
            field=models.PositiveIntegerField(db_default=0, default=0, help_text='of these, begun in time'),
        ),
        migrations.AddConstraint(
            model_name='technician',
            constraint=models.CheckConstraint(condition=models.Q(('offers_accepted__lte', models.F('offers_decided'))), name='technician_accepted_of_decided'),
        ),
        migrations.AddConstraint(
            model_name='technician',
            constraint=models.CheckConstraint(condition=models.Q(('visits_punctual__lte', models.F('visits_begun'))), name='technician_punctual_of_begun'),
        ),
        migrations.AddConstraint(
            model_name='technician',
            constraint=models.CheckConstraint(condition=models.Q(('punctual_sum__gte', models.F('punctual_count')), ('punctual_sum__lte', django.db.models.expressions.CombinedExpression(models.Value(5), '*', models.F('punctual_count')))), name='technician_punctual_in_range'),
        ),
        migrations.AddConstraint(
            model_name='technician',
            constraint=models.CheckConstraint(condition=models.Q(('quality_sum__gte', models.F('quality_count')), ('quality_sum__lte', django.db.models.expressions.CombinedExpression(models.Value(5), '*', models.F('quality_count')))), name='technician_quality_in_range'),
        ),
        migrations.AddConstraint(
            model_name='technician',
            constraint=models.CheckConstraint(condition=models.Q(('price_sum__gte', models.F('price_count')), ('price_sum__lte', django.db.models.expressions.CombinedExpression(models.Value(5), '*', models.F('price_count')))), name='technician_price_in_range'),
        ),
        migrations.AddConstraint(
            model_name='technician',
            constraint=models.CheckConstraint(condition=models.Q(('conduct_sum__gte', models.F('conduct_count')), ('conduct_sum__lte', django.db.models.expressions.CombinedExpression(models.Value(5), '*', models.F('conduct_count')))), name='technician_conduct_in_range'),
        ),
    ]
