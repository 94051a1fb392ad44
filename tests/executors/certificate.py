"""Certificates for a test: an authority, and one key that is good for servers and clients."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID


class Certificates:
    """PEM files in a folder: ``ca``, and ``cert`` with its ``key`` for 127.0.0.1."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.ca, self.cert, self.key = (str(folder / f"{n}.pem") for n in ("ca", "cert", "key"))
        authority = ec.generate_private_key(ec.SECP256R1())
        key = ec.generate_private_key(ec.SECP256R1())
        issuer, subject = _name("the tests' authority"), _name("the tests' cluster")
        of_authority = _begin(issuer, issuer, authority).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        addresses = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
        of_cluster = _begin(subject, issuer, key).add_extension(addresses, critical=False)
        for path, builder in ((self.ca, of_authority), (self.cert, of_cluster)):
            signed = builder.sign(authority, hashes.SHA256())
            Path(path).write_bytes(signed.public_bytes(Encoding.PEM))
        Path(self.key).write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _begin(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
    )
