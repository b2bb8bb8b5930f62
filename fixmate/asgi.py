"""ASGI entry point. The API itself runs on WSGI (docs/adr/0005); this is here for socket servers."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fixmate.settings")

application = get_asgi_application()
