"""Messages of what happened: signed as Stripe signs, sent in order by one thread, or at will by the door."""

import hashlib
import hmac
import json
import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from queue import Queue
from threading import Thread
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

TRIES, PAUSE_S, TIMEOUT_S = 6, 0.2, 10
_open = build_opener(ProxyHandler({})).open


def body_of(event):
    return json.dumps(event, sort_keys=True).encode()


def signature(body, secret, *, at=None):
    at = int(time.time()) if at is None else at
    digest = hmac.new(secret.encode(), b"%d." % at + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def post(url, body, signed):
    """Return the status of the answer; 0 where there is none."""
    headers = {"Content-Type": "application/json; charset=utf-8", "Stripe-Signature": signed}
    try:
        with _open(Request(url, data=body, headers=headers), timeout=TIMEOUT_S) as answer:
            return answer.status
    except HTTPError as exc:
        return exc.code
    except OSError:
        return 0


class Webhooks:
    def __init__(self, url="", secret=""):
        self.url, self.secret, self.is_on = url, secret, True
        self._queue = Queue()
        Thread(target=self._deliver, daemon=True).start()

    def tell(self, event):
        if self.url and self.is_on:
            self._queue.put(json.loads(json.dumps(event)))

    def wait(self):
        """Return once everything is told, or was tried often enough."""
        self._queue.join()

    def resend(self, events, *, times=1, seed=0, at_once=1, bad_share=0.0, stale_share=0.0):
        """Send all again, shuffled by the seed, some signed wrongly or too long ago; return how often which answer."""
        dice = random.Random(seed)
        messages = [body_of(event) for event in events for _ in range(times)]
        dice.shuffle(messages)
        signed = [self._signed(body, dice.random(), bad_share, stale_share) for body in messages]
        with ThreadPoolExecutor(at_once) as pool:
            return Counter(pool.map(lambda one: post(self.url, *one), zip(messages, signed, strict=True)))

    def _signed(self, body, drawn, bad_share, stale_share):
        if drawn < bad_share:
            return signature(body, f"{self.secret}-of-somebody-else")
        if drawn < bad_share + stale_share:
            return signature(body, self.secret, at=int(time.time()) - 3_600)
        return signature(body, self.secret)

    def _deliver(self):
        while True:
            body = body_of(self._queue.get())
            with suppress(Exception):
                for number in range(TRIES):
                    if 200 <= post(self.url, body, signature(body, self.secret)) < 300:
                        break
                    time.sleep(PAUSE_S * 2**number)
            self._queue.task_done()
