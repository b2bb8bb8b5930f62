"""SMS: how codes and news reach phones."""

from django.core.exceptions import ImproperlyConfigured
from phonenumbers import SUPPORTED_REGIONS as _REGIONS

from fixmate.core.env import env, env_choice, env_int, env_list
from fixmate.settings.accounts import PHONE_REGION
from fixmate.settings.base import IS_PRODUCTION, VAR_DIR

SMS_BACKEND = env_choice("SMS_BACKEND", "none" if IS_PRODUCTION else "file", ("none", "file", "twilio"))
SMS_FILE_PATH = VAR_DIR / "sms"
SMS_COUNTRIES = env_list("SMS_COUNTRIES", PHONE_REGION)
if _unknown := set(SMS_COUNTRIES) - _REGIONS:
    raise ImproperlyConfigured(f"SMS_COUNTRIES: no countries (ISO 3166) are {', '.join(sorted(_unknown))}")
SMS_PER_HOUR = env_int("SMS_PER_HOUR", 1_000, minimum=1)
SMS_PER_RANGE_HOUR = env_int("SMS_PER_RANGE_HOUR", 50, minimum=1)
SMS_FROM = env("SMS_FROM")
TWILIO_URL = env("TWILIO_URL", "https://api.twilio.com")
TWILIO_ACCOUNT_SID = env("TWILIO_ACCOUNT_SID")
TWILIO_AUTH_TOKEN = env("TWILIO_AUTH_TOKEN")
