"""Look whether the rows there were keep the checks added since 0004. Each beside everybody else, and by itself."""

from django.db import migrations

from fixmate.core.constraints import ValidateCheck


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('accounts', '0009_sign_ins_removed'),
    ]

    operations = [
        ValidateCheck(model_name='user', name='user_status_known'),
        ValidateCheck(model_name='user', name='user_restricted_is_no_staff'),
        ValidateCheck(model_name='user', name='user_second_factor_is_staff'),
        ValidateCheck(model_name='user', name='user_suspended_as_is_of_suspended'),
        ValidateCheck(model_name='session', name='session_end_has_reason'),
        ValidateCheck(model_name='session', name='session_second_factor_is_its_own'),
        ValidateCheck(model_name='securityevent', name='security_event_kind_known'),
    ]
