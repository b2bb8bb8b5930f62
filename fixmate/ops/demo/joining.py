"""How people join: register, read the code in their mail, verify, log in; technicians apply and are approved."""

import asyncio
from dataclasses import dataclass, field
from io import BytesIO

from PIL import Image, ImageDraw

from accounts.enums import Role
from fixmate.ops.demo.client import PREFIX, Account, Api
from fixmate.ops.demo.mailbox import Mailbox
from fixmate.ops.demo.people import Name
from fixmate.ops.demo.places import as_json
from fixmate.ops.demo.supply import TechnicianPlan
from technicians.enums import DocumentKind

MAIL_WITHIN_S = 30.0
CARD_SIZE = (320, 200)
AT_ONCE = 8  # passwords are hashed slowly on purpose
DOMAIN = "demo.fixmate.example"


class JoinFailed(Exception):
    """Somebody could not come aboard; the run goes on without."""


@dataclass(slots=True)
class Door:
    """The registration desk of one run: its addresses are of this run alone, so that runs do not collide."""

    api: Api
    mailbox: Mailbox
    run: str
    password: str
    _places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def join(self, role: Role, number: int, name: Name) -> Account:
        """Register, verify and log in.

        :raises JoinFailed: if a step is refused or the mail does not come
        """
        account = Account(self.api, self.address(role, number, name), self.password)
        async with self._places:
            await self._register(account, role, name)
        code = await self.mailbox.code_for(account.email, within_s=MAIL_WITHIN_S)
        if code is None:
            raise JoinFailed(f"no mail with a code came to {account.email} within {MAIL_WITHIN_S:.0f} s")
        async with self._places:
            await self._verify(account, code)
        return account

    def address(self, role: Role, number: int, name: Name) -> str:
        letter = role[0].lower()
        return f"{name.first.lower()}.{letter}{number + 1}.{self.run}@{DOMAIN}"

    async def _register(self, account: Account, role: Role, name: Name) -> None:
        body = {"email": account.email, "password": account.password, "role": role.value}
        names = {"first_name": name.first, "last_name": name.last}
        answer = await self.api.call("POST", f"{PREFIX}/auth/register", json={**body, **names})
        if not answer.is_ok:
            raise JoinFailed(f"registration answered {answer.status} {answer.code}")

    async def _verify(self, account: Account, code: str) -> None:
        body = {"email": account.email, "code": code}
        answer = await self.api.call("POST", f"{PREFIX}/auth/verify-otp", json=body)
        if not answer.is_ok or not await account.log_in():
            raise JoinFailed(f"{account.email} could not be verified: {answer.status} {answer.code}")


async def apply(account: Account, plan: TechnicianPlan, service_ids: list[str]) -> tuple[str, str]:
    """Apply with skills, base and radius, upload an identity document; return the ids of profile and document.

    :raises JoinFailed: if a step is refused
    """
    application = {
        "bio": f"{plan.name.first}, at home in {', '.join(plan.trades)}.",
        "years_experience": 2 + len(plan.trades) * 3,
        "service_ids": service_ids,
        "travel_radius_km": plan.travel_radius_km,
        **as_json(plan.base),
    }
    applied = await account.post("/technicians/apply", application)
    card = {"file": ("identity.png", identity_card(plan.name), "image/png")}
    kind = {"kind": DocumentKind.IDENTITY.value}
    document = await account.call("POST", "/technicians/me/documents", data=kind, files=card)
    if not (applied.is_ok and document.is_ok):
        raise JoinFailed(f"{account.email} could not apply: {applied.code or document.code}")
    return applied.body["id"], document.body["id"]


async def approve(staff: Account, technician_id: str, document_id: str) -> None:
    """Have staff look at the document and the application.

    :raises JoinFailed: if the approval is refused
    """
    reasons = {"documents": (document_id, "The picture matches."), "technicians": (technician_id, "All in order.")}
    for kind, (row_id, reason) in reasons.items():
        answer = await staff.post(f"/admin/{kind}/{row_id}/approve", {"reason": reason})
        if not answer.is_ok:
            raise JoinFailed(f"the approval answered {answer.status} {answer.code}")


def identity_card(name: Name) -> bytes:
    """Draw a small card; a real file, so that the server's checks of uploads take part."""
    card = Image.new("RGB", CARD_SIZE, "#eef3f8")
    pen = ImageDraw.Draw(card)
    pen.rectangle((16, 40, 106, 170), fill="#8fa7bf")
    pen.text((16, 14), "IDENTITY CARD", fill="#204060")
    pen.text((124, 60), f"{name.first} {name.last}", fill="#102030")
    out = BytesIO()
    card.save(out, "PNG")
    return out.getvalue()
