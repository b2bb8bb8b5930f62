"""What production refuses to start without."""

from django.core.exceptions import ImproperlyConfigured

from fixmate.settings.background import CELERY_TASK_ALWAYS_EAGER, REDIS_URL
from fixmate.settings.base import ALLOWED_HOSTS, DEBUG, IS_PRODUCTION, MIN_SECRET_LENGTH, SECRET_KEY
from fixmate.settings.database import IS_SQLITE
from fixmate.settings.files import EMAIL_HOST
from fixmate.settings.payments import (
    PAYOUT_ACCOUNT_URL,
    STRIPE_API_URL,
    STRIPE_PUBLISHABLE_KEY,
    STRIPE_SECRET_KEY,
    STRIPE_WEBHOOK_SECRETS,
)
from fixmate.settings.sms import SMS_BACKEND, SMS_FROM, TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN
from fixmate.settings.social import APPLE_KEYS_URL, GOOGLE_KEYS_URL


def _refuse_unsafe_production() -> None:
    """Refuse to start on an embedded part. System checks do not run under WSGI, so this is at import."""
    found = [fault for fault, is_present in {**_faults(), **_faults_of_payments()}.items() if is_present]
    if found:
        raise ImproperlyConfigured("FIXMATE_MODE=production refuses to start: " + "; ".join(found))


def _faults() -> dict[str, bool]:
    return {
        "SECRET_KEY must be set, to at least 32 characters": len(SECRET_KEY) < MIN_SECRET_LENGTH,
        "DEBUG must be off": DEBUG,
        "DATABASE_URL must name PostgreSQL": IS_SQLITE,
        "REDIS_URL must be set": not REDIS_URL,
        "CELERY_TASK_ALWAYS_EAGER must be off": CELERY_TASK_ALWAYS_EAGER,
        "EMAIL_HOST must name an SMTP server": not EMAIL_HOST,
        "SMS_BACKEND must not be file": SMS_BACKEND == "file",
        "TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and SMS_FROM must be set to send SMS": SMS_BACKEND == "twilio"
        and not (TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN and SMS_FROM),
        "GOOGLE_KEYS_URL and APPLE_KEYS_URL must begin with https://": not all(
            url.startswith("https://") for url in (GOOGLE_KEYS_URL, APPLE_KEYS_URL)
        ),
        "ALLOWED_HOSTS must name the hosts": not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS,
    }


def _faults_of_payments() -> dict[str, bool]:
    """Half of Stripe takes no money, or takes it and never hears that a bank took it back."""
    is_on = bool(STRIPE_SECRET_KEY)
    return {
        "STRIPE_WEBHOOK_SECRETS must be set beside STRIPE_SECRET_KEY": is_on and not STRIPE_WEBHOOK_SECRETS,
        "STRIPE_PUBLISHABLE_KEY must be set beside STRIPE_SECRET_KEY": is_on and not STRIPE_PUBLISHABLE_KEY,
        "STRIPE_API_URL must begin with https://": not STRIPE_API_URL.startswith("https://"),
        "PAYOUT_ACCOUNT_URL must begin with https://": bool(PAYOUT_ACCOUNT_URL)
        and not PAYOUT_ACCOUNT_URL.startswith("https://"),
    }


if IS_PRODUCTION:
    _refuse_unsafe_production()
