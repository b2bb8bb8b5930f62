"""The letter boxes: in the embedded form every mail is a file. People find their codes there, and hear of news."""

import asyncio
import os
import re
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

LOOKS_EVERY_S, WATCHED_S = 0.2, 3.0
_CODE = re.compile(r"^\s*(\d{6})\s*$", re.MULTILINE)
_END = b"-" * 79  # Django's file backend ends every mail with this line


@dataclass(slots=True)
class _Fresh:
    """A file that may still grow."""

    seen_at: float = field(default_factory=time.monotonic)
    mails_read: int = 0


class Mailbox:
    """Everybody's mail from now on. One look at the folder serves all: `deliver` has to run beside the readers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._settled = set(self._names())
        self._fresh: dict[str, _Fresh] = {}
        self._codes: dict[str, str] = {}
        self._bells: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    async def deliver(self) -> None:
        """Sort what arrives, until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(LOOKS_EVERY_S)

    def look(self) -> None:
        for name in self._names():
            if name not in self._settled:
                self._read(name, self._fresh.setdefault(name, _Fresh()))

    async def ring(self, address: str, *, within_s: float) -> None:
        """Wait for mail to the address, at most so long. Mail that came since the last time counts."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._bells[address].wait()
        self._bells[address].clear()

    async def code_for(self, address: str, *, within_s: float) -> str | None:
        """Wait for a code to arrive; None if none does."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while address not in self._codes:
                    await self._bells[address].wait()
                    self._bells[address].clear()
        return self._codes.pop(address, None)

    def _names(self) -> list[str]:
        try:
            return os.listdir(self._folder)  # noqa: PTH208 - names alone: after many runs there are many files
        except FileNotFoundError:
            return []

    def _read(self, name: str, file: "_Fresh") -> None:
        """Take over what has been added to a file. Two mails of one second may share it, so it is watched a while."""
        mails = (self._folder / name).read_bytes().split(_END)[:-1]  # the last part is still being written, or empty
        for raw in mails[file.mails_read :]:
            mail = message_from_bytes(raw.strip(), policy=policy.default)
            self._receive(str(mail["To"]).strip(), _text(mail))
        file.mails_read = len(mails)
        if mails and time.monotonic() - file.seen_at > WATCHED_S:
            self._settled.add(name)
            del self._fresh[name]

    def _receive(self, address: str, text: str) -> None:
        code = _CODE.search(text)
        if code:
            self._codes[address] = code[1]
        self._bells[address].set()


def _text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    return body.get_content() if body else ""
