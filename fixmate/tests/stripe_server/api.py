"""The routes of `/v1`, what each does, and how its answer is shown."""

import copy
import re

from fixmate.tests.stripe_server import cards, connect, intents
from fixmate.tests.stripe_server.problems import Problem, invalid, unknown_parameter

LISTS = {
    "customers": ("customer", ()),
    "payment_methods": ("payment_method", ("customer", "type")),
    "payment_intents": ("payment_intent", ("customer",)),
    "charges": ("charge", ("customer", "payment_intent", "transfer_group")),
    "refunds": ("refund", ("charge", "payment_intent")),
    "accounts": ("account", ()),
    "transfers": ("transfer", ("destination", "transfer_group")),
    "disputes": ("dispute", ("charge", "payment_intent")),
    "events": ("event", ("type",)),
    "balance_transactions": ("balance_transaction", ("type", "source", "currency")),
}
PAGING = ("limit", "starting_after", "ending_before", "created")
INTENT = (
    "amount",
    "currency",
    "customer",
    "payment_method",
    "allowed_payment_method_types",
    "payment_method_types",  # known, to be refused in its own words
    "capture_method",
    "confirm",
    "off_session",
    "metadata",
)
EXPANDABLE = {"latest_charge": "charge", "charge": "charge", "payment_intent": "payment_intent"}


class Api:
    """One request at a time; `outcome` is what the door wants to happen to the next payment."""

    def __init__(self, store):
        self.store = store

    def answer(self, method, path, params, outcome=None):
        expand = params.pop("expand", [])
        known, act = self._act(method, path, outcome)
        unknown = sorted(set(params) - set(known))
        if unknown:
            raise unknown_parameter(unknown)
        return shown(self._expanded(act(params), expand))

    def _act(self, method, path, outcome):
        """Return the parameters it knows, and what is done with them."""
        _, version, name, *rest = path.split("/")
        if version == "v1" and method == "GET" and name in LISTS and len(rest) <= 1:
            kind, filters = LISTS[name]
            if rest:
                return (), lambda _params: self.store.get(kind, rest[0])
            return (*PAGING, *filters), lambda params: self._list(path, kind, filters, params)
        if method == "POST":
            for pattern, (known, act) in self._routes(outcome).items():
                match = re.fullmatch(f"/v1/{pattern}", path)
                if match:
                    return known, lambda params, act=act, match=match: act(params, *match.groups())
        raise Problem(404, f"Unrecognized request URL ({method}: {path}).", is_kept=False, code="url_invalid")

    def _list(self, path, kind, filters, params):
        wanted = {name: params.pop(name) for name in filters if name in params}
        things = [
            thing for thing in self.store.all(kind) if all(thing.get(name) == value for name, value in wanted.items())
        ]
        return self.store.page(path, things, params)

    def _routes(self, outcome):
        store = self.store
        return {
            "customers": (("email", "name", "description", "metadata"), self._customer),
            "payment_methods": (("type", "card", "billing_details"), lambda params: cards.create(store, params)),
            r"payment_methods/(\w+)/attach": (("customer",), lambda params, ref: cards.attach(store, ref, params)),
            r"payment_methods/(\w+)/detach": ((), lambda params, ref: cards.detach(store, ref, params)),
            "payment_intents": (INTENT, lambda params: intents.create(store, params, outcome=outcome)),
            r"payment_intents/(\w+)/confirm": (
                ("payment_method", "off_session"),
                lambda params, ref: intents.confirm(store, ref, params, outcome=outcome),
            ),
            r"payment_intents/(\w+)/capture": (
                ("amount_to_capture",),
                lambda params, ref: intents.capture(store, ref, params),
            ),
            r"payment_intents/(\w+)/cancel": (
                ("cancellation_reason",),
                lambda params, ref: intents.cancel(store, ref, params),
            ),
            "refunds": (
                ("payment_intent", "amount", "metadata", "reason"),
                lambda params: intents.refund(store, params, outcome=outcome),
            ),
            "accounts": (("type", "capabilities", "metadata"), lambda params: connect.account_create(store, params)),
            "account_links": (
                ("account", "refresh_url", "return_url", "type"),
                lambda params: connect.link_create(store, params),
            ),
            "transfers": (
                ("amount", "currency", "destination", "transfer_group", "metadata"),
                lambda params: connect.transfer_create(store, params),
            ),
            r"transfers/(\w+)/reversals": (
                ("amount",),
                lambda params, ref: connect.transfer_reverse(store, ref, params),
            ),
        }

    def _customer(self, params):
        kept = {name: params.pop(name, None) for name in ("email", "name", "description")}
        customer = self.store.add("customer", metadata=params.pop("metadata", {}), **kept)
        self.store.event("customer.created", customer)
        return customer

    def _expanded(self, made, paths):
        answer = copy.deepcopy(made)
        for path in paths:
            things, name = (
                (answer["data"], path.removeprefix("data.")) if path.startswith("data.") else ([answer], path)
            )
            if name not in EXPANDABLE:
                raise invalid("expand")
            for thing in things:
                if isinstance(thing.get(name), str):
                    thing[name] = copy.deepcopy(self.store.get(EXPANDABLE[name], thing[name]))
        return answer


def shown(value):
    """Return it without what is ours alone."""
    if isinstance(value, dict):
        return {key: shown(part) for key, part in value.items() if not key.startswith("_")}
    return [shown(part) for part in value] if isinstance(value, list) else value
