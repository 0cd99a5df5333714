"""Letters within an S/MIME signature are read; what is sealed or broken stays a file."""

from base64 import encodebytes
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import NameOID

from channels.email.opaque import letter
from channels.email.parse import parse_mail

INNER = (
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
    "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    "转账失败\r\n--b\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\nhello\r\n--b--\r\n"
).encode()


@pytest.fixture(scope="module")
def signed():
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "made up")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 7)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2036, 1, 1, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    builder = pkcs7.PKCS7SignatureBuilder().set_data(INNER)
    builder = builder.add_signer(certificate, key, hashes.SHA256())
    return builder.sign(Encoding.DER, [pkcs7.PKCS7Options.Binary])


def mail(data):
    head = (
        b"From: li@mail.example\r\nContent-Transfer-Encoding: base64\r\n"
        b'Content-Type: application/pkcs7-mime; smime-type=signed-data; name="smime.p7m"\r\n\r\n'
    )
    return parse_mail(head + encodebytes(data), account="desk")


def test_a_letter_within_its_signature_is_read(signed):
    read = mail(signed)
    assert read.text.strip() == "转账失败"
    assert [file.name for file in read.attachments] == ["smime.p7m", "a.pdf"]


def test_a_letter_in_pieces_of_untold_length_is_read():
    oids = [bytes.fromhex(f"06092a864886f70d01070{n}") for n in (2, 1)]
    pieces = b"".join(b"\x04" + bytes([len(one)]) + one for one in (INNER[:100], INNER[100:200]))
    data = b"\x30\x80" + oids[0] + b"\xa0\x80" + oids[1] + b"\xa0\x80\x24\x80" + pieces + bytes(8)
    assert letter(data) == INNER[:200]


def test_what_is_no_signature_or_broken_stays_a_file(signed):
    for data in (b"", b"sealed", signed[:70], signed.replace(b"\xa0", b"\xa1", 9)):
        assert [file.name for file in mail(data).attachments] == ["smime.p7m"]
    for end in range(0, len(signed), 7):
        letter(signed[:end])


def test_signatures_within_signatures_end_somewhere():
    oids = [bytes.fromhex(f"06092a864886f70d01070{n}") for n in (2, 1)]
    data = b"Content-Type: text/plain\r\n\r\nhelp"
    for _ in range(30):
        octets = b"\x04\x84" + len(data).to_bytes(4, "big") + data
        whole = b"\x30\x80" + oids[0] + b"\xa0\x80" + oids[1] + b"\xa0\x80" + octets
        data = b"Content-Type: application/pkcs7-mime\r\n\r\n" + whole
    assert len(parse_mail(b"From: li@mail.example\r\n" + data, account="desk").attachments) <= 6
