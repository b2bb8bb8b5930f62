"""Look whether the rows there were keep the checks added in 0006. Each beside everybody else, and by itself."""

from django.db import migrations

from fixmate.core.constraints import ValidateCheck


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('disputes', '0005_chargebacks'),
    ]

    operations = [
        ValidateCheck(model_name='dispute', name='dispute_category_known'),
        ValidateCheck(model_name='dispute', name='dispute_opened_by_somebody'),
        ValidateCheck(model_name='disputedeadline', name='dispute_deadline_kind_known'),
        ValidateCheck(model_name='disputeevent', name='dispute_event_kind_known'),
        ValidateCheck(model_name='disputeevent', name='dispute_event_actor_has_role'),
    ]
