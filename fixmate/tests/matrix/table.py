"""The permission matrix: one line for each route and verb.

    verb  address  rule  answer  [actor,actor=answer ...]  [audited]

The rule (`rules.py`) says who is refused, and with what; whoever is not gets the answer, unless he has one of his own.
`{name}` is a thing of `world.py`; what is sent stands in `bodies.py`. `by-body` says that the thing is named by the
body: then a body that is wrong is told first. `audited` is what leaves one audit entry when staff do it, and nothing
when others do.
"""

import re
from dataclasses import dataclass, field

from fixmate.tests.matrix.rules import ACTORS, RULES, STAFF, UNKNOWN, Rule

API = "/api/v1"

SERVICE = """
GET    /                                          open              200
GET    /healthz                                   open              200
GET    /health                                    open              200
GET    /readyz                                    open              200
GET    /metrics                                   open              200
GET    /docs                                      open              200
GET    /redoc                                     open              200
"""

ROWS = """
GET    /schema                                    open              200
POST   /uploads                                   members           201
GET    /files/{link}                              open              200

POST   /auth/register                             open              202
POST   /auth/send-otp                             open              202
POST   /auth/verify-otp                           open              400:CODE_INVALID
POST   /auth/login                                open              200
POST   /auth/social                               open              404:SOCIAL_PROVIDER_OFF
POST   /auth/refresh                              open              200
POST   /auth/logout                               open              204
POST   /auth/forgot-password                      open              202
POST   /auth/reset-password                       open              400:CODE_INVALID
POST   /auth/reauthenticate                       members           204
POST   /auth/change-password                      members           204
POST   /auth/change-address                       members           202
POST   /auth/confirm-address                      members           400:CODE_INVALID
POST   /auth/remove-phone                         members           204
GET    /auth/second-factor                        enrolling         200
POST   /auth/second-factor                        enrolling         201
POST   /auth/second-factor/confirm                enrolling         409:ENROLMENT_NOT_BEGUN
POST   /auth/second-factor/remove                 enrolling         409:SECOND_FACTOR_ABSENT
POST   /auth/step-up                              enrolling         409:SECOND_FACTOR_ABSENT
GET    /auth/me                                   logged-in         200
PATCH  /auth/me                                   members           200
DELETE /auth/me                                   members           204  owner,assigned=409:ACCOUNT_IN_USE
PUT    /auth/me/avatar                            members           200
DELETE /auth/me/avatar                            members           200
GET    /auth/me/export                            members           200
GET    /auth/identities                           members           200
DELETE /auth/identities/{identity}                owner-only        204
GET    /auth/sessions                             members           200
DELETE /auth/sessions/{session}                   owner-only        204
GET    /users/{owner}/avatar                      party             200
GET    /admin/users                               staff             200
GET    /admin/users/{customer}                    staff             200
POST   /admin/users/{customer}/suspend            staff             200  audited
POST   /admin/users/{customer}/restrict           staff             200  audited
POST   /admin/users/{suspended}/reinstate         staff             200  audited

GET    /categories                                public            200
POST   /categories                                staff             201  audited
PATCH  /categories/{category}                     staff             200  audited
DELETE /categories/{category}                     staff             204  audited
POST   /categories/{category_deleted}/restore     staff             200  audited
GET    /services                                  public            200
POST   /services                                  staff             201  audited
GET    /services/{service}                        public            200
PATCH  /services/{service}                        staff             200  audited
DELETE /services/{service}                        staff             204  audited
POST   /services/{service_deleted}/restore        staff             200  audited

GET    /technicians                               public            200
GET    /technicians/{technician}                  public            200
GET    /technicians/{technician}/reviews          public            200
POST   /technicians/apply                         technicians       409:ILLEGAL_TRANSITION
GET    /technicians/me                            technicians       200
PATCH  /technicians/me                            technicians       200
GET    /technicians/me/documents                  technicians       200
POST   /technicians/me/documents                  technicians       201
GET    /technicians/me/documents/{document}/file  assigned-or-staff 200
GET    /technicians/me/availability               technicians       200
PUT    /technicians/me/availability               technicians       200
GET    /technicians/me/time-off                   technicians       200
POST   /technicians/me/time-off                   technicians       201
DELETE /technicians/me/time-off/{time_off}        assigned          204
PUT    /technicians/me/location                   technicians       204
POST   /technicians/me/online                     technicians       200  benched=409:TECHNICIAN_NOT_VERIFIED
POST   /technicians/me/offline                    technicians       200
POST   /technicians/me/resume                     technicians       200
GET    /technicians/me/earnings                   technicians       200
GET    /technicians/me/statements                 technicians       200
GET    /technicians/me/payouts                    technicians       200
GET    /technicians/me/payouts/{payout}           assigned          200
GET    /technicians/me/payout-account             technicians       200
POST   /technicians/me/payout-account             technicians       404:PAYOUT_ACCOUNTS_OFF
GET    /technicians/me/matching                   technicians       200
GET    /admin/technicians                         staff             200
GET    /admin/technicians/{technician}            staff             200
POST   /admin/technicians/{applicant}/approve     staff             200  audited
POST   /admin/technicians/{applicant}/reject      staff             200  audited
POST   /admin/technicians/{technician}/suspend    staff             200  audited
POST   /admin/technicians/{benched}/reinstate     staff             200  audited
POST   /admin/technicians/{technician}/tier       staff             200  audited
GET    /admin/documents                           staff             200
GET    /admin/documents/{document}                staff             200
POST   /admin/documents/{document}/approve        staff             200  audited
POST   /admin/documents/{document}/reject         staff             200  audited

GET    /jobs                                      members           200
POST   /jobs                                      customers         201  restricted=403:ACCOUNT_RESTRICTED
GET    /jobs/{job}                                party             200
POST   /jobs/{job}/start                          assigned          200
POST   /jobs/{job}/complete                       assigned          200
POST   /jobs/{job}/cancel                         party             200  audited
GET    /jobs/{job}/cancel-preview                 owner-or-staff    200
POST   /jobs/{job_unmatched}/rematch              owner-or-staff    200  audited
POST   /jobs/{job}/no-show                        assigned          200
POST   /jobs/{job}/renew-start-code               owner             200
GET    /jobs/{job}/price                          party             200
POST   /jobs/{job}/quotes                         assigned          201
POST   /jobs/{job}/quotes/{quote}/approve         owner             200
POST   /jobs/{job}/quotes/{quote}/decline         owner             200
POST   /jobs/{job}/quotes/{quote}/withdraw        assigned          200
GET    /jobs/{job}/photos/{job_photo}             party             200
GET    /jobs/{job}/timeline                       party             200
POST   /jobs/{job}/timeline                       party             201  audited
GET    /jobs/{job}/matching                       staff             200
GET    /jobs/{job_open}/search                    owner-or-staff    200
POST   /jobs/{job_done}/review                    owner             201
GET    /blocks                                    members           200
POST   /blocks                                    sides             201  by-body
DELETE /blocks/{block}                            its-owner         204

GET    /offers                                    working           200
GET    /offers/{offer}                            assigned-or-staff 200
POST   /offers/{offer}/seen                       assigned          204
POST   /offers/{offer}/accept                     assigned          200
POST   /offers/{offer}/reject                     assigned          200

GET    /admin/jobs                                staff             200
GET    /admin/jobs/{job}                          staff             200
POST   /admin/jobs/{job}/cancel                   staff             200  audited
POST   /admin/jobs/{job_open}/rematch             staff             200  audited
POST   /admin/jobs/{job_open}/exclude             staff             201  audited
POST   /admin/jobs/{job_open}/assign              dispatchers       200  audited
POST   /admin/jobs/{job}/transfer                 dispatchers       200  audited
GET    /admin/alerts                              staff             200
GET    /admin/alerts/{alert}                      staff             200
POST   /admin/alerts/{alert}/close                staff             200  audited
GET    /admin/services/{service}/matching-rules   staff             200
PATCH  /admin/services/{service}/matching-rules   staff             200  audited
GET    /admin/policies                            staff             200
POST   /admin/policies                            staff             201  audited
GET    /admin/policies/rollouts                   staff             200
POST   /admin/policies/rollouts                   staff             201  audited
POST   /admin/policies/rollouts/{rollout}/end     staff             200  audited

GET    /admin/audit-log                           staff             200
GET    /admin/audit-log/{entry}                   staff             200
GET    /admin/stats                               staff             200

GET    /payments                                  members           200
GET    /payments/{payment}                        party             200
POST   /payments/{payment}/authorize              owner             409:PAYMENT_OFFLINE
POST   /payments/{payment_taken}/refunds          staff             201  audited
POST   /admin/payments/{payment_owed}/paid        staff             200  audited
POST   /admin/payments/{payment_owed}/waive       staff             200  audited
GET    /admin/refunds                             staff             200
GET    /admin/refunds/{refund}                    staff             200
POST   /admin/refunds/{refund}/approve            staff             200  audited
POST   /admin/refunds/{refund}/reject             staff             200  audited
POST   /admin/refunds/{refund}/done               staff             200  audited
POST   /admin/refunds/{refund}/fail               staff             200  audited
GET    /admin/payouts                             staff             200
GET    /admin/payouts/{payout}                    staff             200
POST   /admin/payouts/{payout}/send               staff             200  audited
POST   /admin/payouts/{payout}/paid               staff             200  audited
POST   /admin/payouts/{payout}/fail               staff             200  audited
GET    /admin/chargebacks                         staff             200
GET    /admin/chargebacks/{chargeback}            staff             200
POST   /payments/webhooks/{provider}              open              404:NOT_FOUND
GET    /reviews                                   public-or-staff   200
GET    /reviews/{review}                          public-or-staff   200
GET    /reviews/{review}/photos/{photo}           public-or-staff   200
POST   /reviews/{review}/reply                    reviewed          201
GET    /admin/reviews                             staff             200
GET    /admin/reviews/{review}                    staff             200
POST   /admin/reviews/{review}/hide               staff             200  audited
POST   /admin/reviews/{review_hidden}/show        staff             200  audited
GET    /disputes                                  members           200
POST   /disputes                                  sides             201  by-body
GET    /disputes/{dispute}                        party             200
POST   /disputes/{dispute}/messages               party             201  audited
POST   /disputes/{dispute}/evidence               party             201  assigned,support,admin=409:UPLOAD_NOT_USABLE
GET    /disputes/{dispute}/evidence/{evidence}/file party           200
GET    /disputes/{dispute}/case-file              staff             200
GET    /disputes/{dispute}/case-file/pdf          staff             200
POST   /disputes/{dispute}/withdraw               opener            200
POST   /disputes/{dispute}/review                 staff             200  audited
POST   /disputes/{dispute}/resolve                staff             200  audited
POST   /disputes/{dispute}/dismiss                staff             200  audited

GET    /notifications                             members           200
GET    /notifications/unread-count                members           200
POST   /notifications/{notification}/read         owner-only        200
POST   /notifications/read-all                    members           204
"""


@dataclass(frozen=True)
class Row:
    verb: str
    path: str
    rule: Rule
    answer: str
    own: dict[str, str] = field(default_factory=dict, hash=False)
    marks: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f"{self.verb} {self.path}"

    @property
    def is_read(self) -> bool:
        return self.verb == "GET"

    @property
    def is_audited(self) -> bool:
        return "audited" in self.marks

    @property
    def things(self) -> list[str]:
        return re.findall(r"{(\w+)}", self.path)

    def expected(self, actor: str) -> str:
        """Return what the actor is answered when what he sends is right."""
        return self.rule.answer_to(actor) or self.own.get(actor, self.answer)

    def lets_in(self, actor: str) -> bool:
        return not self.rule.answer_to(actor)

    def judges_first(self, actor: str) -> bool:
        """Tell whether a wrong body is told to the actor before what he may not know of."""
        return self.lets_in(actor) or ("by-body" in self.marks and self.rule.answer_to(actor) == UNKNOWN)

    @property
    def actors(self) -> tuple[str, ...]:
        """Return who is sent: where nobody is asked who he is, a few are enough."""
        return ("anonymous", "suspended", "admin") if self.rule is RULES["open"] else ACTORS

    def actors_let_in(self) -> list[str]:
        return [actor for actor in self.actors if self.lets_in(actor)]

    def is_staff_act(self) -> bool:
        return not self.is_read and self.actors_let_in() != [] and set(self.actors_let_in()) <= set(STAFF)


def _row(line: str, prefix: str) -> Row:
    verb, path, rule, answer, *more = line.split()
    pairs = [part.split("=") for part in more if "=" in part]
    own = {actor: text for actors, text in pairs for actor in actors.split(",")}
    marks = frozenset(part for part in more if "=" not in part)
    plain = {actor: text.replace(":", " ") for actor, text in own.items()}
    return Row(verb, prefix + path, RULES[rule], answer.replace(":", " "), plain, marks)


def _rows(text: str, prefix: str = "") -> list[Row]:
    return [_row(line, prefix) for line in text.splitlines() if line]


TABLE = [*_rows(SERVICE), *_rows(ROWS, API)]
WRITES = [row for row in TABLE if not row.is_read]
