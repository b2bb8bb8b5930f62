"""What the console asks before money goes back."""

from django import forms
from django.conf import settings

from fixmate.core.console import ReasonForm
from fixmate.core.money import Money


class RefundForm(ReasonForm):
    amount = forms.RegexField(r"^\d{1,12}(\.\d{1,3})?$", help_text="such as 64.95")
    dispute_id = forms.UUIDField(required=False, help_text="the dispute that led to it")
    field_order = ["amount", "dispute_id", "reason"]

    def clean_amount(self) -> Money:
        try:
            return Money.parse(self.cleaned_data["amount"], settings.CURRENCY)
        except ValueError as exc:
            raise forms.ValidationError(str(exc)) from exc
