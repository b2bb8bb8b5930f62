"""Index what waits by service and latitude. On PostgreSQL nobody who requests a job meanwhile has to wait for it."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class AddIndexBeside(AddIndexConcurrently):
    """SQLite has one writer at a time whatever is done, and adds the index as any other."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor == "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
        else:
            migrations.AddIndex.database_forwards(self, app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor == "postgresql":
            super().database_backwards(app_label, schema_editor, from_state, to_state)
        else:
            migrations.AddIndex.database_backwards(self, app_label, schema_editor, from_state, to_state)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("jobs", "0002_no_overlapping_bookings")]
    operations = [
        AddIndexBeside(
            model_name="job",
            index=models.Index(
                condition=models.Q(("status__in", ("REQUESTED", "MATCHING"))),
                fields=["service", "latitude"],
                name="job_waiting_near",
            ),
        )
    ]
