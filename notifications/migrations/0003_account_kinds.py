"""News of accounts: restricted, suspended, reinstated."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0002_delivery_overtaken'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='notification',
            name='notification_kind_known',
        ),
        migrations.AlterField(
            model_name='notification',
            name='kind',
            field=models.CharField(choices=[('JOB_REQUESTED', 'Job requested'), ('JOB_ASSIGNED', 'Technician found'), ('JOB_YOURS', 'The job is yours'), ('JOB_RELEASED', 'Looking for another technician'), ('JOB_GONE', 'The job is no longer yours'), ('JOB_UNMATCHED', 'No technician found'), ('VISIT_REMINDER', 'A visit is near'), ('JOB_STARTED', 'Work started'), ('JOB_COMPLETED', 'Work completed'), ('JOB_CANCELLED', 'Job cancelled'), ('OFFER_RECEIVED', 'New offer'), ('OFFER_EXPIRED', 'Offer expired'), ('OFFER_WITHDRAWN', 'Offer withdrawn'), ('OFFERS_PAUSED', 'Offers paused'), ('PAYMENT_CAPTURED', 'Payment received'), ('REVIEW_RECEIVED', 'New review'), ('PROFILE_APPROVED', 'Profile approved'), ('PROFILE_REJECTED', 'Profile rejected'), ('PROFILE_SUSPENDED', 'Profile suspended'), ('ACCOUNT_RESTRICTED', 'Account restricted'), ('ACCOUNT_SUSPENDED', 'Account suspended'), ('ACCOUNT_REINSTATED', 'Account reinstated'), ('DOCUMENT_REVIEWED', 'Document reviewed'), ('DOCUMENT_EXPIRING', 'Document expires soon'), ('DOCUMENT_EXPIRED', 'Document expired'), ('DISPUTE_OPENED', 'Dispute opened'), ('DISPUTE_CLOSED', 'Dispute closed')], max_length=30),
        ),
        migrations.AddConstraint(
            model_name='notification',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['JOB_REQUESTED', 'JOB_ASSIGNED', 'JOB_YOURS', 'JOB_RELEASED', 'JOB_GONE', 'JOB_UNMATCHED', 'VISIT_REMINDER', 'JOB_STARTED', 'JOB_COMPLETED', 'JOB_CANCELLED', 'OFFER_RECEIVED', 'OFFER_EXPIRED', 'OFFER_WITHDRAWN', 'OFFERS_PAUSED', 'PAYMENT_CAPTURED', 'REVIEW_RECEIVED', 'PROFILE_APPROVED', 'PROFILE_REJECTED', 'PROFILE_SUSPENDED', 'ACCOUNT_RESTRICTED', 'ACCOUNT_SUSPENDED', 'ACCOUNT_REINSTATED', 'DOCUMENT_REVIEWED', 'DOCUMENT_EXPIRING', 'DOCUMENT_EXPIRED', 'DISPUTE_OPENED', 'DISPUTE_CLOSED'])), name='notification_kind_known'),
        ),
    ]
