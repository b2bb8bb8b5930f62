"""The search goes by H3 cells of resolution 7 from here on: rows written before get theirs.

A transaction per batch, its rows locked in the order of pings, so that these go on meanwhile.
"""

from django.db import migrations, transaction
from h3.api import basic_int as h3

RESOLUTION = 7
BATCH = 500


def write_cells(apps, schema_editor):
    rows = apps.get_model("technicians", "Dispatchable").objects
    owners = list(rows.order_by("technician_id").values_list("technician_id", flat=True).distinct())
    for first in range(0, len(owners), BATCH):
        _write_cells_of(rows, owners[first : first + BATCH])


@transaction.atomic
def _write_cells_of(rows, owners):
    held = list(rows.select_for_update().filter(technician__in=owners).order_by("technician_id", "service_id"))
    for row in held:
        row.cell = h3.latlng_to_cell(row.latitude, row.longitude, RESOLUTION)
        row.base_cell = h3.latlng_to_cell(row.base_latitude, row.base_longitude, RESOLUTION)
    rows.bulk_update(held, ["cell", "base_cell"])


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("technicians", "0004_position_fillfactor")]

    operations = [migrations.RunPython(write_cells, migrations.RunPython.noop)]
