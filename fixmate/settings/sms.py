"""SMS: how codes and news reach phones."""

from fixmate.core.env import env, env_choice
from fixmate.settings.base import IS_PRODUCTION, VAR_DIR

SMS_BACKEND = env_choice("SMS_BACKEND", "none" if IS_PRODUCTION else "file", ("none", "file", "twilio"))
SMS_FILE_PATH = VAR_DIR / "sms"
SMS_FROM = env("SMS_FROM")
TWILIO_URL = env("TWILIO_URL", "https://api.twilio.com")
TWILIO_ACCOUNT_SID = env("TWILIO_ACCOUNT_SID")
TWILIO_AUTH_TOKEN = env("TWILIO_AUTH_TOKEN")
