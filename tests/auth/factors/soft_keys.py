"""A device with passkeys, in software: it answers what a page asks, and lies where a test has it lie."""

import hashlib
import html
import json
import re
import secrets
from dataclasses import dataclass, field

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from itsdangerous import base64_decode, base64_encode

from app.auth.factors.models import Passkey
from app.database import db
from tests.people import Person

USER_PRESENT, USER_VERIFIED, ATTESTED = 1, 4, 64


@dataclass
class SoftKey:
    """One passkey on one device, of the site at `origin`."""

    origin: str
    user_handle: bytes = b""
    count: int = 0
    flags: int = USER_PRESENT | USER_VERIFIED
    id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def of(cls, person: Person, **options: int) -> "SoftKey":
        """A passkey that was added some time ago, as a row."""
        key = cls(origin_of(person), person.id.bytes, **options)
        row = Passkey(
            user_id=person.id, credential_id=key.id, public_key=key.public_key, sign_count=key.count, name="Phone"
        )
        with person.app.app_context():
            db.session.add(row)
            db.session.commit()
        return key

    @property
    def public_key(self) -> bytes:
        numbers = self.key.public_key().public_numbers()
        point = {-2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        return cbor2.dumps({1: 2, 3: -7, -1: 1} | point)

    def create(self, options: dict, **lies: object) -> str:
        """Make the passkey that a page asks for."""
        self.user_handle = base64_decode(options["user"]["id"])
        attested = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + self.public_key
        data = self._data(options["rp"]["id"], ATTESTED) + attested
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client_data = self._client_data("webauthn.create", options, lies)
        return self._answer({"attestationObject": _text(attestation), "clientDataJSON": _text(client_data)})

    def get(self, options: dict, **lies: object) -> str:
        """Sign what a page asks to have signed; `lies` stand in place of what an honest device would say."""
        self.count += 1 if self.count else 0
        data = self._data(lies.pop("rp_id", options["rpId"]), 0)
        client_data = self._client_data("webauthn.get", options, lies)
        signature = self.key.sign(data + hashlib.sha256(client_data).digest(), ec.ECDSA(SHA256()))
        signature = lies.get("signature", signature)
        return self._answer(
            {
                "authenticatorData": _text(data),
                "clientDataJSON": _text(client_data),
                "signature": _text(signature),  # type: ignore[arg-type]
                "userHandle": _text(lies.get("user_handle", self.user_handle)),  # type: ignore[arg-type]
            }
        )

    def _data(self, rp_id: object, flags: int) -> bytes:
        hashed = hashlib.sha256(str(rp_id).encode()).digest()
        return hashed + bytes([self.flags | flags]) + self.count.to_bytes(4, "big")

    def _client_data(self, type: str, options: dict, lies: dict) -> bytes:
        said = {"type": type, "challenge": options["challenge"], "origin": self.origin}
        return json.dumps(said | {name: lie for name, lie in lies.items() if name in said}).encode()

    def _answer(self, response: dict[str, str]) -> str:
        return json.dumps({"id": _text(self.id), "rawId": _text(self.id), "type": "public-key", "response": response})


def origin_of(person: Person) -> str:
    return str(person.app.extensions["settings"].site_url).replace("127.0.0.1", "localhost")


def options_on(person: Person, path: str) -> dict:
    """What a page asks the device for."""
    page = person.client.get(path, base_url=origin_of(person)).text
    found = re.search(r'data-options="([^"]+)"', page)
    assert found, f"{path} asks no device"
    return dict(json.loads(html.unescape(found[1])))


def _text(data: bytes) -> str:
    return base64_encode(data).decode()
