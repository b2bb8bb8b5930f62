"""Leave room on each page of the positions, so that a ping is written beside the old row, without the index."""

from django.db import migrations


def leave_room(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE technicians_position SET (fillfactor = 80)")


def fill_up(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE technicians_position RESET (fillfactor)")


class Migration(migrations.Migration):
    dependencies = [("technicians", "0003_position_traced_place")]
    operations = [migrations.RunPython(leave_room, fill_up)]
