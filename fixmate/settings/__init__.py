"""All settings, read from the environment once, a module a subject. `.env.example` explains every variable."""

from fixmate.settings.accounts import *
from fixmate.settings.api import *
from fixmate.settings.background import *
from fixmate.settings.base import *
from fixmate.settings.browser import *
from fixmate.settings.database import *
from fixmate.settings.edge import *
from fixmate.settings.files import *
from fixmate.settings.logs import *
from fixmate.settings.matching import *
from fixmate.settings.payments import *
from fixmate.settings.production import *
from fixmate.settings.rules import *
from fixmate.settings.sms import *
from fixmate.settings.social import *
