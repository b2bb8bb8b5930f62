"""A server that speaks Stripe's API as far as FixMate uses it, always in the same way, with a door to break it.

What localstripe has not: keys of idempotency, Connect, disputes, every event, signed webhooks, faults. A process of its
own: `python -m fixmate.tests.stripe_server --port 8421 --webhook http://... --secret whsec_...`
"""
