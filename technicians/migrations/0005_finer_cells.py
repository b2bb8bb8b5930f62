"""The search goes by H3 cells of resolution 7 from here on: rows written before get theirs."""

from itertools import islice

from django.db import migrations
from h3.api import basic_int as h3

RESOLUTION = 7
BATCH = 2_000


def write_cells(apps, schema_editor):
    dispatchable = apps.get_model("technicians", "Dispatchable")
    places = dispatchable.objects.only("latitude", "longitude", "base_latitude", "base_longitude")
    rows = places.iterator(chunk_size=BATCH)
    while batch := list(islice(rows, BATCH)):
        for row in batch:
            row.cell = h3.latlng_to_cell(row.latitude, row.longitude, RESOLUTION)
            row.base_cell = h3.latlng_to_cell(row.base_latitude, row.base_longitude, RESOLUTION)
        dispatchable.objects.bulk_update(batch, ["cell", "base_cell"])


class Migration(migrations.Migration):
    dependencies = [("technicians", "0004_position_fillfactor")]

    operations = [migrations.RunPython(write_cells, migrations.RunPython.noop)]
