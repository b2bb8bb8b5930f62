"""Leave room on each page of the candidate table, so that a ping is written beside the old row, without the indexes."""

from django.db import migrations


def leave_room(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE technicians_dispatchable SET (fillfactor = 80)")


def fill_up(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE technicians_dispatchable RESET (fillfactor)")


class Migration(migrations.Migration):
    dependencies = [("technicians", "0001_initial")]
    operations = [migrations.RunPython(leave_room, fill_up)]
