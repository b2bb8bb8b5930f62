from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from accounts import examples as accounts
from fixmate.core.mail import mail_render
from fixmate.core.sms import sms_render
from notifications import examples as notifications


class Command(BaseCommand):
    help = "Write every mail as .html and .txt, and every SMS as .sms.txt, into a folder. Sends nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="made if it is not there; files of the same names are replaced")

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        mails = {**accounts.MAILS, **notifications.mails()}
        for name, (template, facts) in mails.items():
            letter = mail_render(template, facts)
            (folder / f"{name}.html").write_text(letter.html, encoding="utf-8")
            (folder / f"{name}.txt").write_text(f"Subject: {letter.subject}\n\n{letter.text}", encoding="utf-8")
        for name, (template, facts) in accounts.SMS.items():
            (folder / f"{name}.sms.txt").write_text(sms_render(template, facts) + "\n", encoding="utf-8")
        self.stdout.write(f"{len(mails)} mails and {len(accounts.SMS)} SMS in {folder}")
