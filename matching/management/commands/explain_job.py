import json
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from fixmate.core.errors import NotFound
from matching.services import job_story, job_story_of, story_lines


class Command(BaseCommand):
    help = "Tell how a job was matched: every pass, gate, score and offer; or why one technician got it or not."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("job", type=UUID, help="the id of the job")
        parser.add_argument("--technician", type=UUID, help="tell of this technician, looked at or not")
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of lines")

    def handle(self, *args: Any, job: UUID, technician: UUID | None, **options: Any) -> None:
        try:
            story = job_story_of(job, technician) if technician else job_story(job)
        except NotFound as exc:
            raise CommandError("There is no such job, or no such technician.") from exc
        if options["json"]:
            self.stdout.write(json.dumps(story))
        else:
            for line in story_lines(story):
                self.stdout.write(line)
