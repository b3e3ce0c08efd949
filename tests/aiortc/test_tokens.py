"""Only real tokens open the door."""

import base64
import hmac
import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from house import Account, Server

SECRET = "the secret of the platform around this server, longer than any hash"


def platform_token(secret=SECRET, algorithm="HS256", **claims):
    now = int(time.time())
    usual = {"sub": "b0b0b0b0-1111-4222-8333-444444444444", "username": "bob"}
    return jwt.encode(
        usual | {"iat": now, "exp": now + 600} | claims, secret, algorithm=algorithm
    )


async def is_refused(server, token):
    """Both error shapes, and no body that would tell more."""
    stranger = Account(server, token)
    status, answer = await stranger.call("POST", "/voice/join", {"channel_id": "1"})
    assert status == 401, f"{status} {answer}"
    assert list(answer) == ["error"] and isinstance(answer["error"], str)
    status, answer = await stranger.call("GET", "/api/v1/users/@me")
    assert status == 401, f"{status} {answer}"
    assert answer["error"]["code"] in ("AUTH_FAILED", "AUTH_EXPIRED"), answer


def encoded(part):
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def signed(claims, secret):
    """HS256 by hand: libraries refuse to sign with a secret as bad as these."""
    text = f"{encoded({'alg': 'HS256', 'typ': 'JWT'})}.{encoded(claims)}"
    mac = hmac.digest(secret, text.encode(), "sha256")
    return f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


async def test_no_token(server):
    await is_refused(server, None)
    await is_refused(server, "")
    await is_refused(server, "nonsense")
    await is_refused(server, "a.b.c")
    await is_refused(server, "x" * 5_000)


async def test_our_own_tokens_changed(server, ann, bea):
    head, body, signature = ann.token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    _, _, other_signature = bea.token.split(".")
    await is_refused(server, f"{head}.{encoded(claims | {'exp': claims['exp'] + 60})}.{signature}")
    await is_refused(server, f"{head}.{body}.{other_signature}")
    await is_refused(server, f"{head}.{body}.")
    await is_refused(server, f"{encoded({'alg': 'none', 'typ': 'JWT'})}.{body}.")
    assert (await ann.must("GET", "/api/v1/users/@me"))["username"] == "ann"


async def test_keys_of_others(server, ann):
    head, body, _ = ann.token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    ours = jwt.get_unverified_header(ann.token)
    headers = {"kid": ours["kid"]} if "kid" in ours else {}
    await is_refused(
        server, jwt.encode(claims, Ed25519PrivateKey.generate(), "EdDSA", headers=headers)
    )
    # The public key is known to all; it must not work as a shared secret.
    async with server.http.get(f"{server.url}/.well-known/jwks.json") as answer:
        public = (await answer.json())["keys"][0]["x"]
    for secret in (public.encode(), base64.urlsafe_b64decode(public + "=="), b""):
        await is_refused(server, signed(claims, secret))


async def test_platform_tokens_without_a_platform(server):
    await is_refused(server, platform_token())
    await is_refused(server, signed({"sub": "1", "username": "bob", "exp": 2**32}, b""))


@pytest.mark.parametrize(
    "token",
    [
        platform_token(exp=int(time.time()) - 3600, iat=int(time.time()) - 7200),
        platform_token(secret="another secret, and as long as the right one"),
        platform_token(algorithm="HS512"),
        platform_token(secret=None, algorithm="none"),
        platform_token(sub=None),
        platform_token(exp=None),
    ],
    ids=["expired", "forged", "other-algorithm", "no-algorithm", "no-subject", "no-end"],
)
async def test_platform_tokens_that_are_none(token):
    server = Server(JWT_SECRET=SECRET)
    try:
        await server.start()
        await is_refused(server, token)
        good = Account(server, platform_token())
        assert (await good.must("GET", "/api/v1/users/@me"))["username"] == "bob"
        await server.check()
    finally:
        await server.remove()
