"""Certificates made when they are needed; nothing secret is in the repository."""

import base64
import datetime
import hashlib
import ipaddress
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID


class Certificate:
    """A certificate with its key in two PEM files. `issuer` None: self-signed. `subject` is an RFC 4514 text or a name, `names` are
    general names besides `hosts`; `ca` None: where it is self-signed. It holds from `starts` days from now to `days`."""

    def __init__(self, folder, name, hosts=(), days=90, kind="ec", issuer=None, password=None, subject=None, names=(), ca=None, key=None, starts=-5 / 1440):
        self.issuer = issuer
        self.key = key or (rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(ec.SECP256R1()))
        now = datetime.datetime.utcnow()
        if not isinstance(subject, x509.Name):
            subject = x509.Name.from_rfc4514_string(subject) if subject else x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = x509.CertificateBuilder().subject_name(subject)
        builder = builder.issuer_name(issuer.certificate.subject if issuer else subject)
        builder = builder.public_key(self.key.public_key()).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now + datetime.timedelta(days=starts))
        builder = builder.not_valid_after(now + datetime.timedelta(days=days))
        if hosts or names:
            builder = builder.add_extension(x509.SubjectAlternativeName([*map(general_name, hosts), *names]), False)
        if ca or (ca is None and not issuer):
            builder = builder.add_extension(x509.BasicConstraints(True, None), True)
        self.certificate = builder.sign(issuer.key if issuer else self.key, hashes.SHA256())
        self.der = self.certificate.public_bytes(serialization.Encoding.DER)
        self.pem = self.certificate.public_bytes(serialization.Encoding.PEM)
        self.certificate_path, self.key_path = folder / f"{name}.pem", folder / f"{name}.key"
        protection = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
        self.key_pem = self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection)
        self.write(self.certificate_path, self.key_path)

    def write(self, certificate_path, key_path):
        """Into these files, each in one step, as certbot and Kubernetes do."""
        for path, content, mode in ((certificate_path, self.pem, 0o644), (key_path, self.key_pem, 0o600)):
            new = path.with_name(path.name + ".new")
            new.unlink(missing_ok=True)
            with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
                file.write(content)
            os.replace(new, path)

    def crl(self, path, *revoked, days=7, number=1):
        """Its list of revoked certificates, as PEM."""
        now = datetime.datetime.utcnow()
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.certificate.subject)
        builder = builder.last_update(now - datetime.timedelta(days=8)).next_update(now + datetime.timedelta(days=days))
        builder = builder.add_extension(x509.CRLNumber(number), False)
        for one in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(one.certificate.serial_number)
            builder = builder.add_revoked_certificate(entry.revocation_date(now - datetime.timedelta(minutes=1)).build())
        path.write_bytes(builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def with_chain(self, folder, *others):
        """The paths of certificate and chain in one file, and of the key."""
        path = folder / f"{self.certificate_path.stem}-chain.pem"
        path.write_bytes(self.pem + b"".join(one.pem for one in others))
        return str(path), str(self.key_path)

    @property
    def pair(self):
        return str(self.certificate_path), str(self.key_path)

    @property
    def files(self):
        return {"certificate": str(self.certificate_path), "key": str(self.key_path)}

    @property
    def thumbprint(self):
        """x5t#S256 (RFC 8705 3.1)"""
        return base64.urlsafe_b64encode(hashlib.sha256(self.der).digest()).rstrip(b"=").decode()


def general_name(host):
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
