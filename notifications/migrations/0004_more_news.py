"""News of answered reviews, of extra work proposed on site, and of disputes."""

from django.conf import settings
from django.db import migrations, models

from fixmate.core.constraints import AddCheckBeside


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0003_account_kinds'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='notification',
            name='notification_kind_known',
        ),
        migrations.AlterField(
            model_name='notification',
            name='kind',
            field=models.CharField(choices=[('JOB_REQUESTED', 'Job requested'), ('JOB_ASSIGNED', 'Technician found'), ('JOB_YOURS', 'The job is yours'), ('JOB_RELEASED', 'Looking for another technician'), ('JOB_GONE', 'The job is no longer yours'), ('JOB_UNMATCHED', 'No technician found'), ('VISIT_REMINDER', 'A visit is near'), ('JOB_STARTED', 'Work started'), ('QUOTE_PROPOSED', 'Extra work proposed'), ('QUOTE_APPROVED', 'Extra work approved'), ('QUOTE_DECLINED', 'Extra work declined'), ('QUOTE_LAPSED', 'Proposal no longer open'), ('JOB_COMPLETED', 'Work completed'), ('JOB_CANCELLED', 'Job cancelled'), ('OFFER_RECEIVED', 'New offer'), ('OFFER_EXPIRED', 'Offer expired'), ('OFFER_WITHDRAWN', 'Offer withdrawn'), ('OFFERS_PAUSED', 'Offers paused'), ('PAYMENT_CAPTURED', 'Payment received'), ('REVIEW_RECEIVED', 'New review'), ('REVIEW_ANSWERED', 'Your review was answered'), ('PROFILE_APPROVED', 'Profile approved'), ('PROFILE_REJECTED', 'Profile rejected'), ('PROFILE_SUSPENDED', 'Profile suspended'), ('ACCOUNT_RESTRICTED', 'Account restricted'), ('ACCOUNT_SUSPENDED', 'Account suspended'), ('ACCOUNT_REINSTATED', 'Account reinstated'), ('DOCUMENT_REVIEWED', 'Document reviewed'), ('DOCUMENT_EXPIRING', 'Document expires soon'), ('DOCUMENT_EXPIRED', 'Document expired'), ('DISPUTE_OPENED', 'Dispute opened'), ('DISPUTE_MESSAGE', 'News in a dispute'), ('DISPUTE_ANSWER_WANTED', 'Your answer is wanted'), ('DISPUTE_REMINDER', 'Your answer is still wanted'), ('DISPUTE_DUE', 'A dispute is due'), ('DISPUTE_CLOSED', 'Dispute closed')], max_length=30),
        ),
        AddCheckBeside(
            model_name='notification',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['JOB_REQUESTED', 'JOB_ASSIGNED', 'JOB_YOURS', 'JOB_RELEASED', 'JOB_GONE', 'JOB_UNMATCHED', 'VISIT_REMINDER', 'JOB_STARTED', 'QUOTE_PROPOSED', 'QUOTE_APPROVED', 'QUOTE_DECLINED', 'QUOTE_LAPSED', 'JOB_COMPLETED', 'JOB_CANCELLED', 'OFFER_RECEIVED', 'OFFER_EXPIRED', 'OFFER_WITHDRAWN', 'OFFERS_PAUSED', 'PAYMENT_CAPTURED', 'REVIEW_RECEIVED', 'REVIEW_ANSWERED', 'PROFILE_APPROVED', 'PROFILE_REJECTED', 'PROFILE_SUSPENDED', 'ACCOUNT_RESTRICTED', 'ACCOUNT_SUSPENDED', 'ACCOUNT_REINSTATED', 'DOCUMENT_REVIEWED', 'DOCUMENT_EXPIRING', 'DOCUMENT_EXPIRED', 'DISPUTE_OPENED', 'DISPUTE_MESSAGE', 'DISPUTE_ANSWER_WANTED', 'DISPUTE_REMINDER', 'DISPUTE_DUE', 'DISPUTE_CLOSED'])), name='notification_kind_known'),
        ),
    ]
