"""Who takes the money: keys alone choose the provider."""

from fixmate.core.env import env, env_int, env_list
from fixmate.settings.files import APP_URL

STRIPE_SECRET_KEY = env("STRIPE_SECRET_KEY")
STRIPE_PUBLISHABLE_KEY = env("STRIPE_PUBLISHABLE_KEY")
STRIPE_WEBHOOK_SECRETS = env_list("STRIPE_WEBHOOK_SECRETS", "")  # of every endpoint; old and new while one is replaced
STRIPE_API_URL = env("STRIPE_API_URL", "https://api.stripe.com")
STRIPE_TIMEOUT_S = env_int("STRIPE_TIMEOUT_S", 10, minimum=1)
PAYMENT_PROVIDER = "stripe" if STRIPE_SECRET_KEY else "offline"
CARD_LEAST_MINOR = env_int("CARD_LEAST_MINOR", 50, minimum=0)
WEBHOOK_KEEP_DAYS = env_int("WEBHOOK_KEEP_DAYS", 90, minimum=1)  # longer than a provider repeats itself

# Providers let go of what they hold, Stripe after seven days
HOLD_DAYS_AHEAD = env_int("HOLD_DAYS_AHEAD", 4, minimum=1)  # how long before a visit its price is held
HOLD_RENEW_HOURS = env_int("HOLD_RENEW_HOURS", 24, minimum=1)  # how long before it lapses a hold is replaced

# To technicians
PAYOUT_ACCOUNT_URL = env("PAYOUT_ACCOUNT_URL") or APP_URL
PAYOUT_RETRY_HOURS = env_int("PAYOUT_RETRY_HOURS", 24, minimum=1)
