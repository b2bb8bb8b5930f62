"""The books: numbered transactions whose entries add up to nothing. A debit is positive, a credit negative."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from fixmate.core.money import Money
from fixmate.core.triggers import append_only, balanced, frozen_columns
from payments.enums import OF_A_TECHNICIAN, OWED, AccountKind, MovementKind
from payments.models.payments import Payment
from technicians.models import Technician

_IS_TECHNICIANS = Q(kind__in=OF_A_TECHNICIAN)
_IS_PROVIDERS = Q(kind=AccountKind.PROVIDER_CLEARING)


@frozen_columns("kind", "currency", "technician_id", "provider")
class LedgerAccount(models.Model):
    """One account; its balance is kept under the row's lock and is the sum of its entries."""

    kind = models.CharField(max_length=30, choices=AccountKind.choices)
    currency = models.CharField(max_length=3)
    technician = models.ForeignKey(Technician, on_delete=models.PROTECT, null=True, related_name="+")
    provider = models.CharField(max_length=20, default="", blank=True)
    balance_minor = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=AccountKind.values), name="ledger_account_kind_known"),
            models.UniqueConstraint(
                fields=["kind", "currency", "technician"],
                condition=Q(technician__isnull=False),
                name="ledger_account_one_per_technician",
            ),
            models.UniqueConstraint(
                fields=["kind", "currency", "provider"],
                condition=Q(technician__isnull=True),
                name="ledger_account_one_per_provider",
            ),
            models.CheckConstraint(
                condition=(_IS_TECHNICIANS & Q(technician__isnull=False))
                | (~_IS_TECHNICIANS & Q(technician__isnull=True)),
                name="ledger_account_technician_where_his",
            ),
            models.CheckConstraint(
                condition=(_IS_PROVIDERS & ~Q(provider="")) | (~_IS_PROVIDERS & Q(provider="")),
                name="ledger_account_provider_where_its",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=OWED) | Q(balance_minor__lte=0), name="ledger_account_owes_nothing_negative"
            ),
        ]

    def __str__(self) -> str:
        of = self.technician_id or self.provider
        return f"{self.kind} {self.currency}{f' {of}' if of else ''}"

    @property
    def balance(self) -> Money:
        return Money(self.balance_minor, self.currency)


class LedgerHead(models.Model):
    """The number of the last transaction. One row; locking it, before any account, puts those who post in line."""

    number = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(id=1), name="ledger_head_is_one_row")]

    def __str__(self) -> str:
        return f"#{self.number}"


@append_only
class LedgerTransaction(models.Model):
    """One movement. Its key says what it is the movement of: the same thing is never posted twice."""

    number = models.BigIntegerField(unique=True)
    kind = models.CharField(max_length=20, choices=MovementKind.choices)
    key = models.CharField(max_length=100, unique=True)
    currency = models.CharField(max_length=3)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, null=True, related_name="movements")
    refund = models.ForeignKey("payments.Refund", on_delete=models.PROTECT, null=True, related_name="movements")
    payout = models.ForeignKey("payments.Payout", on_delete=models.PROTECT, null=True, related_name="movements")
    at = models.DateTimeField()
    note = models.CharField(max_length=200, default="", blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=MovementKind.values), name="ledger_transaction_kind_known"),
            models.CheckConstraint(condition=Q(number__gte=1), name="ledger_transaction_number_from_one"),
        ]

    def __str__(self) -> str:
        return f"#{self.number} {self.key}"


@append_only
@balanced("transaction_id", "amount_minor")
class LedgerEntry(models.Model):
    """One line of a transaction, and what its account came to by it."""

    transaction = models.ForeignKey(LedgerTransaction, on_delete=models.PROTECT, related_name="entries")
    account = models.ForeignKey(LedgerAccount, on_delete=models.PROTECT, related_name="entries")
    amount_minor = models.BigIntegerField()
    balance_after_minor = models.BigIntegerField()

    class Meta:
        verbose_name_plural = "ledger entries"
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(amount_minor=0), name="ledger_entry_not_zero"),
        ]
        indexes: ClassVar = [models.Index(fields=["account", "id"], name="ledger_entry_of_account")]

    def __str__(self) -> str:
        return f"{self.amount_minor} on {self.account_id} by {self.transaction_id}"
