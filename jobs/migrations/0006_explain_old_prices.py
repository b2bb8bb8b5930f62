"""Give every price of before the one line that explains it."""

from django.db import migrations

BATCH = 1_000
SAYS = {
    "FINAL": ("LABOUR", "Final amount"),
    "CANCELLATION_FEE": ("CANCELLATION_FEE", "Called off after the grace period"),
}


def explain(apps, schema_editor):
    prices = apps.get_model("jobs", "JobPrice").objects.filter(lines__isnull=True).select_related("job__service")
    JobPriceLine, done = apps.get_model("jobs", "JobPriceLine"), 0
    while batch := list(prices.filter(pk__gt=done).order_by("pk")[:BATCH]):
        JobPriceLine.objects.bulk_create(_line(JobPriceLine, price) for price in batch)
        done = batch[-1].pk


def _line(line_of, price):
    kind, description = SAYS.get(price.kind, ("LABOUR", price.job.service.name))
    amount = price.amount_minor
    facts = {"position": 1, "kind": kind, "description": description, "quantity": 1}
    return line_of(price=price, unit_minor=amount, amount_minor=amount, **facts)


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0005_price_lines_and_quotes'),
    ]

    operations = [
        migrations.RunPython(explain, migrations.RunPython.noop),
    ]
