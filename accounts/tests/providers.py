"""Google and Apple for tests: keys made here, tokens signed with them, and a server that gives the keys away."""

import hashlib
import json
import threading
import time
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from accounts.tests.helpers import post
from fixmate.core import clock

CLIENT_IDS = {"GOOGLE": "fixmate.apps.googleusercontent.com", "APPLE": "com.fixmate.app"}
ISSUERS = {"GOOGLE": "https://accounts.google.com", "APPLE": "https://appleid.apple.com"}
NONCE = "what the app drew by lot"


@lru_cache
def private_key(key_id: str = "k1"):
    """One key for each id, as long as the process lives; ids that begin with `ec` are of a curve."""
    if key_id.startswith("ec"):
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def jwk(key_id: str = "k1", **changes) -> dict:
    kind = jwt.algorithms.ECAlgorithm if key_id.startswith("ec") else jwt.algorithms.RSAAlgorithm
    alg = "ES256" if key_id.startswith("ec") else "RS256"
    public = kind.to_jwk(private_key(key_id).public_key(), as_dict=True)
    return {
        name: value for name, value in {**public, "kid": key_id, "alg": alg, "use": "sig", **changes}.items() if value
    }


def key_set(*key_ids: str) -> str:
    return json.dumps({"keys": [jwk(key_id) for key_id in key_ids or ("k1",)]})


def nonce_hash(nonce: str = NONCE) -> str:
    return hashlib.sha256(nonce.encode()).hexdigest()


def claims_of(provider: str = "GOOGLE", **changes) -> dict:
    """The claims of a good token; a change to None takes one out."""
    now = int(clock.now().timestamp())
    claims = {
        "iss": ISSUERS[provider],
        "aud": CLIENT_IDS[provider],
        "sub": "1077",
        "iat": now,
        "exp": now + 3600,
        "email": "Ada@Example.com",
        "email_verified": True,
        "hd": "example.com" if provider == "GOOGLE" else None,  # Google runs this mailbox
        "given_name": "Ada",
        "family_name": "Lovelace",
        "jti": str(time.perf_counter_ns()),  # no two tokens are the same
    }
    return {name: value for name, value in {**claims, **changes}.items() if value is not None}


def token(provider: str = "GOOGLE", *, key_id: str = "k1", headers: dict | None = None, **changes) -> str:
    algorithm = "ES256" if key_id.startswith("ec") else "RS256"
    claims = claims_of(provider, **changes)
    return jwt.encode(claims, private_key(key_id), algorithm, headers={"kid": key_id, **(headers or {})})


def sign_in(provider: str = "GOOGLE", *, body: dict | None = None, **token_facts):
    """Post a good token, or one with these facts, as nobody."""
    return post("social", {"provider": provider, "id_token": token(provider, **token_facts), **(body or {})})


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append((self.path, dict(self.headers)))
        self.server.answer(self)

    def log_message(self, *_args):
        """Say nothing."""


class KeyServer(ThreadingHTTPServer):
    """Answers with `body`, or as the function in `answer` does."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, dict]] = []
        self.status, self.headers, self.body = 200, {"Cache-Control": "public, max-age=20000"}, key_set().encode()
        self.answer = self.answer_plainly
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/keys"

    def answer_plainly(self, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(self.status)
        for name, value in self.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(self.body)))
        handler.end_headers()
        handler.wfile.write(self.body)

    def close(self) -> None:
        self.shutdown()
        self.server_close()
