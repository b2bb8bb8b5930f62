"""Stars by aspect, photos, answers, and what staff hide."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0004_review_photos'),
        ('jobs', '0004_jobs_counted'),
        ('reviews', '0001_initial'),
        ('technicians', '0007_reputation'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ReviewHiding',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_hidden', models.BooleanField()),
                ('reason', models.TextField()),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='ReviewPhoto',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ],
        ),
        migrations.CreateModel(
            name='ReviewReply',
            fields=[
                ('review', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='reply', serialize=False, to='reviews.review')),
                ('text', models.TextField()),
                ('created_at', models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name='review',
            name='conduct',
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='review',
            name='price',
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='review',
            name='punctual',
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='review',
            name='quality',
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddConstraint(
            model_name='review',
            constraint=models.CheckConstraint(condition=models.Q(('punctual__gte', 1), ('punctual__lte', 5)), name='review_punctual_one_to_five'),
        ),
        migrations.AddConstraint(
            model_name='review',
            constraint=models.CheckConstraint(condition=models.Q(('quality__gte', 1), ('quality__lte', 5)), name='review_quality_one_to_five'),
        ),
        migrations.AddConstraint(
            model_name='review',
            constraint=models.CheckConstraint(condition=models.Q(('price__gte', 1), ('price__lte', 5)), name='review_price_one_to_five'),
        ),
        migrations.AddConstraint(
            model_name='review',
            constraint=models.CheckConstraint(condition=models.Q(('conduct__gte', 1), ('conduct__lte', 5)), name='review_conduct_one_to_five'),
        ),
        migrations.AddField(
            model_name='reviewhiding',
            name='actor',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='reviewhiding',
            name='review',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='hidings', to='reviews.review'),
        ),
        migrations.AddField(
            model_name='reviewphoto',
            name='review',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='photos', to='reviews.review'),
        ),
        migrations.AddField(
            model_name='reviewphoto',
            name='upload',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.upload'),
        ),
        migrations.AddIndex(
            model_name='reviewhiding',
            index=models.Index(fields=['review', '-id'], name='review_hiding_of_review'),
        ),
    ]
