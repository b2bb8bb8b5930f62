"""Look whether all notifications are of a kind that is known, beside whoever reads and writes them."""

from django.db import migrations

from fixmate.core.constraints import ValidateCheck


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('notifications', '0004_more_news'),
    ]

    operations = [
        ValidateCheck(model_name='notification', name='notification_kind_known'),
    ]
