"""PostgreSQL refuses overlapping bookings by an exclusion constraint; on SQLite `jobs.guards` declares triggers.

Not in Meta: SQLite cannot parse it.
"""

from django.db import migrations

ADD = """
ALTER TABLE jobs_job ADD CONSTRAINT job_no_overlapping_bookings
EXCLUDE USING gist (technician_id WITH =, tstzrange(booked_from, booked_until) WITH &&)
WHERE (status IN ('ASSIGNED', 'IN_PROGRESS'))
"""


def add(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
        schema_editor.execute(ADD)


def remove(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE jobs_job DROP CONSTRAINT job_no_overlapping_bookings")


class Migration(migrations.Migration):
    dependencies = [("jobs", "0001_initial")]
    operations = [migrations.RunPython(add, remove)]
