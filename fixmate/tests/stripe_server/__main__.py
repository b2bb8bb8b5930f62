import argparse

from fixmate.tests.stripe_server.server import serve

parser = argparse.ArgumentParser(prog="python -m fixmate.tests.stripe_server", description="Stripe, as FixMate uses it")
parser.add_argument("--port", type=int, default=8421)
parser.add_argument("--webhook", default="", help="where events are sent")
parser.add_argument("--secret", default="whsec_stand_in", help="what they are signed with")
args = parser.parse_args()
serve(args.port, webhook=args.webhook, secret=args.secret).serve_forever()
