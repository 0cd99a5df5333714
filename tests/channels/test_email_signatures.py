"""Our own look at DKIM signatures: whose are good, and what makes them worth nothing."""

import base64

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from channels.contract import Verification
from channels.email.parse import parse_mail
from channels.email.signatures import Signatures

dkim = pytest.importorskip("dkim")

MAIL = (
    b"From: Lin <lin@mail.example>\r\nTo: help@desk.example\r\nSubject: transfer\r\n"
    b"Message-ID: <1@mail.example>\r\n\r\nMy transfer is missing.\r\n"
)


@pytest.fixture(scope="module")
def key():
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = made.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = made.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private, b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)


@pytest.fixture
def signatures(key):
    known = {b"s._domainkey.mail.example.": key[1], b"s._domainkey.evil.example.": key[1]}
    return Signatures(lambda name, timeout=5: known.get(name))


def _signed(key, data=MAIL, domain=b"mail.example", **options):
    return dkim.sign(data, b"s", domain, key[0], **options) + data


def _verified(signatures, data):
    found = parse_mail(data, account="a", signed_by=signatures.good(data))
    return found.verification is Verification.VERIFIED


def test_a_good_signature_of_the_senders_own_domain_verifies_it(signatures, key):
    assert signatures.good(_signed(key)) == ("mail.example",)
    assert _verified(signatures, _signed(key))


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.replace(b"missing", b"arrived"),
        lambda data: data.replace(b"lin@mail", b"eve@mail"),
        lambda data: data.replace(b"d=mail.example", b"d=none.example"),
    ],
)
def test_whatever_is_changed_breaks_it(signatures, key, change):
    assert not _verified(signatures, change(_signed(key)))


def test_somebody_elses_good_signature_verifies_nobody(signatures, key):
    data = _signed(key, domain=b"evil.example")
    assert signatures.good(data) == ("evil.example",)
    assert not _verified(signatures, data)


def test_a_signature_over_a_part_of_the_body_counts_for_nothing(signatures, key):
    assert signatures.good(_signed(key, length=True)) == ()


def test_a_key_nobody_publishes_verifies_nothing(key):
    def gone(name, timeout=5):
        raise OSError

    assert Signatures(gone).good(_signed(key)) == ()
