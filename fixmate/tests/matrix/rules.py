"""Who may what: the actors, and the rules that say how far each of them gets.

A request passes one door after the other, and the first that stays shut answers: is anybody logged in (401), is the
account verified and not suspended (403), has it the role (403), may it know of the thing (404), has it the right (403).
"""

from dataclasses import dataclass

CUSTOMERS = ("unverified", "owner", "customer", "restricted")
TECHNICIANS = ("assigned", "expired", "rejected", "released", "stranger", "benched", "suspended")
STAFF = ("support", "admin")  # who have shown a second factor
ACTORS = ("anonymous", *CUSTOMERS, *TECHNICIANS, *STAFF, "no-factor")
"""
anonymous   nobody is logged in
unverified  a customer who has proven no address
owner       the customer whose things they are
customer    another customer
restricted  a customer who may finish what he has, and begin nothing new
assigned    the technician who has the job, and whose things a technician's are
expired     a technician who let an offer of the job run out
rejected    a technician who declined an offer of the job
released    a technician who had the job and gave it back
stranger    a technician who has nothing to do with it
benched     a technician whose profile is suspended, and whose account works
suspended   a technician whose account is suspended, with a token from before
support     staff
admin       staff who may give jobs by hand as well
no-factor   staff who have shown no second factor, where one is asked for
"""

OK = ""
NOBODY = "401 AUTHENTICATION_REQUIRED"
UNVERIFIED = "403 EMAIL_NOT_VERIFIED"
NO_FACTOR = "403 SECOND_FACTOR_REQUIRED"
SUSPENDED = "403 ACCOUNT_SUSPENDED"
DENIED = "403 PERMISSION_DENIED"
UNKNOWN = "404 NOT_FOUND"


@dataclass(frozen=True)
class Rule:
    """Who is let in; where a name is given, only who bears it.

    `roles` is whom the door admits, but for those it is `shut` to; `sees` is who may know of the thing, `may` who has
    the right to it; `admits` goes past all of that.
    """

    roles: str
    sees: frozenset[str]
    may: frozenset[str]
    shut: frozenset[str]
    admits: frozenset[str]

    def answer_to(self, actor: str) -> str:
        """Return the refusal that meets the actor, or OK."""
        if actor in self.admits:
            return OK
        return self.at_the_door(actor) or self._at_the_thing(actor)

    def at_the_door(self, actor: str) -> str:
        """Return what refuses him whatever he asks for, or OK."""
        early = {"anonymous": NOBODY, "unverified": UNVERIFIED, "suspended": SUSPENDED, "no-factor": NO_FACTOR}
        is_shut = role_of(actor) not in self.roles or actor in self.shut
        return early.get(actor) or (DENIED if is_shut else OK)

    def _at_the_thing(self, actor: str) -> str:
        if actor not in self.sees:
            return UNKNOWN
        return OK if actor in self.may else DENIED


def role_of(actor: str) -> str:
    return "C" if actor in CUSTOMERS else "T" if actor in TECHNICIANS else "A"


def _rule(roles: str, *sees: str, **others: tuple[str, ...]) -> Rule:
    named = {name: frozenset(others.get(name, default)) for name, default in _DEFAULTS.items()}
    return Rule(roles, frozenset(sees or ACTORS), **named)


_DEFAULTS: dict[str, tuple[str, ...]] = {"may": ACTORS, "shut": (), "admits": ()}
_BUT_SUSPENDED = tuple(actor for actor in ACTORS if actor != "suspended")
RULES = {
    # Nobody is asked who he is
    "open": _rule("", admits=ACTORS),
    # A token is not needed, but looked at
    "public": _rule("", admits=_BUT_SUSPENDED),
    # The same, but staff see more, and so come in by their own door
    "public-or-staff": _rule("", admits=tuple(actor for actor in _BUT_SUSPENDED if actor != "no-factor")),
    # Whoever is logged in, verified or not
    "logged-in": _rule("CTA", admits=("unverified", "no-factor")),
    # Staff, before they have shown a second factor
    "enrolling": _rule("A", admits=("no-factor",)),
    # Whoever has a role; where no thing is named, everybody gets his own
    "members": _rule("CTA"),
    "customers": _rule("C"),
    "technicians": _rule("T"),
    "working": _rule("TA"),
    "people": _rule("CT"),
    "staff": _rule("A"),
    "dispatchers": _rule("A", shut=("support",)),
    # The two sides of the job, and staff
    "party": _rule("CTA", "owner", "assigned", *STAFF),
    "sides": _rule("CT", "owner", "assigned"),
    # One of them
    "owner": _rule("C", "owner"),
    "owner-only": _rule("CTA", "owner"),
    "owner-or-staff": _rule("CA", "owner", *STAFF),
    "owner-of-open": _rule("CTA", "owner", *STAFF),  # a job nobody has
    "its-owner": _rule("CT", "owner"),  # a technician may have such things, and this one is not his
    "assigned": _rule("T", "assigned"),
    "assigned-or-staff": _rule("TA", "assigned", *STAFF),
    # Both know of it, and only one may
    # Everybody sees it, and one has the right to it
    "reviewed": _rule("T", may=("assigned",)),
    "opener": _rule("CT", "owner", "assigned", may=("owner",)),
}
