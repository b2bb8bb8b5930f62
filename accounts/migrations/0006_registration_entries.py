import django.db.models.deletion
import fixmate.core.ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0005_social'),
    ]

    operations = [
        migrations.CreateModel(
            name='AddressNotice',
            fields=[
                ('id', models.UUIDField(default=fixmate.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('address', models.CharField(max_length=254)),
                ('created_at', models.DateTimeField()),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='RegistrationEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128)),
                ('first_name', models.CharField(max_length=80)),
                ('last_name', models.CharField(max_length=80)),
                ('phone', models.CharField(max_length=20, null=True)),
                ('role', models.CharField(choices=[('CUSTOMER', 'Customer'), ('TECHNICIAN', 'Technician'), ('ADMIN', 'Admin')], max_length=20)),
                ('asked_from', models.CharField(db_default='', default='', help_text="the client's network", max_length=64)),
                ('created_at', models.DateTimeField()),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('role__in', ['CUSTOMER', 'TECHNICIAN'])), name='registration_entry_role_open')],
            },
        ),
        migrations.AddField(
            model_name='codechallenge',
            name='asked_from',
            field=models.CharField(db_default='', default='', help_text="the client's network; emptied with the account", max_length=64),
        ),
        migrations.AddField(
            model_name='codechallenge',
            name='registration',
            field=models.ForeignKey(help_text='the newest of its time', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='accounts.registrationentry'),
        ),
        migrations.AddField(
            model_name='session',
            name='authenticated_at',
            field=models.DateTimeField(help_text='when its holder last showed who he is', null=True),
        ),
    ]
