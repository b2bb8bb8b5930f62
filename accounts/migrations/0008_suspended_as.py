"""A suspension keeps what the account was before: reinstating gives a restriction back."""

from django.db import migrations, models

from fixmate.core.constraints import AddCheckBeside


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0007_second_factor'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='suspended_as',
            field=models.CharField(choices=[('ACTIVE', 'Active'), ('RESTRICTED', 'Restricted')], db_default='', default='', help_text='what a suspended account was before', max_length=20),
        ),
        AddCheckBeside(
            model_name='user',
            constraint=models.CheckConstraint(condition=models.Q(('suspended_as', ''), models.Q(('status', 'SUSPENDED'), ('suspended_as__in', ['ACTIVE', 'RESTRICTED'])), _connector='OR'), name='user_suspended_as_is_of_suspended'),
        ),
    ]
