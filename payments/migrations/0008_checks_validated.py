"""Look whether what was written before keeps the new checks, beside whoever reads and writes it."""

from django.db import migrations

from fixmate.core.constraints import ValidateCheck


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('payments', '0007_payout_reversed'),
    ]

    operations = [
        ValidateCheck(model_name='ledgeraccount', name='ledger_account_kind_known'),
        ValidateCheck(model_name='ledgertransaction', name='ledger_transaction_kind_known'),
        ValidateCheck(model_name='paymentevent', name='payment_event_kind_known'),
        ValidateCheck(model_name='payment', name='payment_charged_back_was_taken'),
        ValidateCheck(model_name='payout', name='payout_reversed_was_paid'),
    ]
