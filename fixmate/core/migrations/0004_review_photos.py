"""Photos that come with reviews."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0003_audit_entries_found'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='upload',
            name='upload_purpose_known',
        ),
        migrations.AlterField(
            model_name='upload',
            name='purpose',
            field=models.CharField(choices=[('JOB_PHOTO', 'Photo of a job'), ('COMPLETION_PHOTO', 'Photo of finished work'), ('EVIDENCE', 'Evidence in a dispute'), ('REVIEW_PHOTO', 'Photo in a review')], max_length=20),
        ),
        migrations.AddConstraint(
            model_name='upload',
            constraint=models.CheckConstraint(condition=models.Q(('purpose__in', ['JOB_PHOTO', 'COMPLETION_PHOTO', 'EVIDENCE', 'REVIEW_PHOTO'])), name='upload_purpose_known'),
        ),
    ]
