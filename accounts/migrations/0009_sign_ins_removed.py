"""Sessions know the sign-in they began with, and end with it."""

from django.db import migrations, models

from fixmate.core.constraints import AddCheckBeside


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0008_suspended_as'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='securityevent',
            name='security_event_kind_known',
        ),
        migrations.RemoveConstraint(
            model_name='session',
            name='session_end_has_reason',
        ),
        migrations.AddField(
            model_name='session',
            name='identity_id',
            field=models.UUIDField(help_text="the provider's sign-in it began with", null=True),
        ),
        migrations.AlterField(
            model_name='securityevent',
            name='kind',
            field=models.CharField(choices=[('REGISTERED', 'Registered'), ('CODE_REQUESTED', 'Code requested'), ('CODE_ACCEPTED', 'Code accepted'), ('CODE_REFUSED', 'Code refused'), ('LOGIN', 'Login'), ('LOGIN_REFUSED', 'Login refused'), ('REFRESH_REUSED', 'Refresh token used twice'), ('SOCIAL_LINKED', "A provider's sign-in added"), ('SOCIAL_UNLINKED', "A provider's sign-in removed"), ('LOGOUT', 'Logout'), ('SESSION_REVOKED', 'Session ended from elsewhere'), ('REAUTH_REFUSED', 'Did not show again who he is'), ('PASSWORD_CHANGED', 'Password changed'), ('PASSWORD_RESET', 'Forgotten password replaced'), ('ADDRESS_CHANGED', 'Address changed'), ('FACTOR_ADDED', 'Second factor added'), ('FACTOR_REMOVED', 'Second factor removed'), ('FACTOR_RESET', 'Second factor reset by an operator'), ('FACTOR_SHOWN', 'Second factor shown'), ('FACTOR_REFUSED', 'Second factor refused'), ('RECOVERY_CODE_USED', 'Recovery code used'), ('DATA_EXPORTED', 'Data exported'), ('ACCOUNT_DELETED', 'Account deleted')], max_length=20),
        ),
        migrations.AlterField(
            model_name='session',
            name='end_reason',
            field=models.CharField(choices=[('LOGOUT', 'Logged out'), ('REUSE', 'A refresh token was used twice'), ('SUSPENDED', 'Account suspended'), ('PASSWORD', 'Password replaced'), ('REVOKED', 'Ended by its owner from elsewhere'), ('DELETED', 'Account deleted'), ('IDENTITY', 'The sign-in it began with was removed'), ('FACTOR', 'Second factor added, removed or shown: goes on under new tokens')], default='', max_length=20),
        ),
        AddCheckBeside(
            model_name='securityevent',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['REGISTERED', 'CODE_REQUESTED', 'CODE_ACCEPTED', 'CODE_REFUSED', 'LOGIN', 'LOGIN_REFUSED', 'REFRESH_REUSED', 'SOCIAL_LINKED', 'SOCIAL_UNLINKED', 'LOGOUT', 'SESSION_REVOKED', 'REAUTH_REFUSED', 'PASSWORD_CHANGED', 'PASSWORD_RESET', 'ADDRESS_CHANGED', 'FACTOR_ADDED', 'FACTOR_REMOVED', 'FACTOR_RESET', 'FACTOR_SHOWN', 'FACTOR_REFUSED', 'RECOVERY_CODE_USED', 'DATA_EXPORTED', 'ACCOUNT_DELETED'])), name='security_event_kind_known'),
        ),
        AddCheckBeside(
            model_name='session',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('end_reason', ''), ('ended_at__isnull', True)), models.Q(('end_reason__in', ['LOGOUT', 'REUSE', 'SUSPENDED', 'PASSWORD', 'REVOKED', 'DELETED', 'IDENTITY', 'FACTOR']), ('ended_at__isnull', False)), _connector='OR'), name='session_end_has_reason'),
        ),
    ]
