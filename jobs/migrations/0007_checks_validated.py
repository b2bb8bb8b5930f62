"""Look whether the rows there were keep the checks added in 0005. Each beside everybody else, and by itself."""

from django.db import migrations

from fixmate.core.constraints import ValidateCheck


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('jobs', '0006_explain_old_prices'),
    ]

    operations = [
        ValidateCheck(model_name='jobevent', name='job_event_kind_known'),
        ValidateCheck(model_name='jobprice', name='job_price_kind_known'),
    ]
