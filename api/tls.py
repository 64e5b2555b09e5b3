"""
Certificates for a service without a public name: a local authority, and a server certificate that it signs.

Phones give camera, position and offline work to pages over HTTPS alone, hence they must trust the authority. It can
vouch for nothing but the names it was made for and private addresses (name constraints), so that its key, if it is
stolen, impersonates no bank.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from geo.cluster_place import write_aside
from geo.errors import Invalid, WanggeError
from geo.keys import check_private

AUTHORITY_FOR = timedelta(days=3650)
SERVER_FOR = timedelta(days=397)  # Apple's devices take no longer ones
RENEW_BEFORE = timedelta(days=30)
SKEW = timedelta(days=1)
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "fc00::/7", "::1/128")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Key = ec.EllipticCurvePrivateKey


class BadHostName(Invalid):
    """A certificate is for host names such as grid.example.cn and for addresses such as 192.168.1.10."""

    zh = "证书须写主机名（如 grid.example.cn）或地址（如 192.168.1.10）。"


class OutsideAuthority(Invalid):
    """The authority here was not made for that name: use --new-authority, and install it on the phones again."""

    zh = "本机根证书不含该名称：请加 --new-authority 重新生成，并在手机上重新安装。"


class NoCertificate(WanggeError):
    """There is no valid server certificate: run `wangge tls NAME ...`."""

    zh = "没有有效的服务器证书：请运行 wangge tls 名称 ...。"


@dataclass(frozen=True)
class Files:
    """Where authority and server certificate are; all files are mode 0600."""

    directory: Path

    @property
    def authority(self) -> Path:
        """The authority's certificate: what phones install."""
        return self.directory / "wangge-ca.crt"

    @property
    def authority_key(self) -> Path:
        """The authority's key: never leaves this machine."""
        return self.directory / "wangge-ca.key"

    @property
    def certificate(self) -> Path:
        """The server's certificate with the authority's behind it, for uvicorn or nginx."""
        return self.directory / "server.crt"

    @property
    def key(self) -> Path:
        """The server's key."""
        return self.directory / "server.key"


@dataclass(frozen=True)
class Made:
    """What a call of `make` did; the fingerprint is that of the authority, SHA-256."""

    files: Files
    new_authority: bool
    new_certificate: bool
    expires_at: datetime
    fingerprint: str


def make(directory: Path, names: Sequence[str], now: datetime, *, renew: bool = False, anew: bool = False) -> Made:
    """
    Make what is missing: the authority, then a certificate for the names.

    Parameters
    ----------
    directory
        A private folder, made if missing.
    names
        Host names and addresses that the service is reached under.
    now
        The present instant.
    renew
        Make a certificate although the one there serves.
    anew
        Make another authority, which phones must install again.

    Raises
    ------
    BadHostName
        A name is none.
    OutsideAuthority
        The authority that is there may not vouch for a name.
    """
    wanted = [_general(name) for name in names]
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    check_private(directory)
    files = Files(directory)
    fresh = anew or not files.authority.exists()
    if fresh:
        _make_authority(files, wanted, now)
    authority = x509.load_pem_x509_certificate(files.authority.read_bytes())
    _check_allowed(authority, wanted)
    if needed := fresh or renew or not _serves(files, wanted, now):
        _make_certificate(files, authority, wanted, now)
    server = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    colons = authority.fingerprint(hashes.SHA256()).hex(":").upper()
    return Made(files, fresh, needed, server.not_valid_after_utc, colons)


def names_of(directory: Path) -> list[str]:
    """The names that the certificate which is there is for; none if there is none."""
    files = Files(directory)
    if not files.certificate.exists():
        return []
    found = _alternatives(x509.load_pem_x509_certificate(files.certificate.read_bytes()))
    return [str(name.value) for name in found]


def serving(directory: Path, now: datetime) -> Files:
    """The files to serve with; raises `NoCertificate` if they are missing or the certificate has expired."""
    files = Files(directory)
    if not (files.certificate.exists() and files.key.exists()):
        raise NoCertificate
    check_private(files.key)
    server = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    if not server.not_valid_before_utc <= now <= server.not_valid_after_utc:
        raise NoCertificate(f"{server.not_valid_after_utc:%Y-%m-%d}")
    return files


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        pass
    try:
        ascii_name = name.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise BadHostName(name) from None
    parts = ascii_name.split(".")
    if len(ascii_name) > 253 or not all(_is_label(part) for part in parts) or parts[-1].isdecimal():
        raise BadHostName(name)
    return x509.DNSName(ascii_name)


def _is_label(part: str) -> bool:
    return 0 < len(part) <= 63 and part.replace("-", "a").isalnum() and part[0] != "-" != part[-1]


def _make_authority(files: Files, wanted: Sequence[x509.GeneralName], now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _named(f"Wangge {now:%Y-%m-%d} {x509.random_serial_number() % 0xFFFF:04X}")
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    made = (
        _begun(name, name, key, now, AUTHORITY_FOR)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.NameConstraints(_permitted(wanted), None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write_key(files.authority_key, key)
    write_aside(files.authority, made.public_bytes(serialization.Encoding.PEM).decode())


def _permitted(wanted: Sequence[x509.GeneralName]) -> list[x509.GeneralName]:
    """What the authority may vouch for: the names, private addresses, and this machine."""
    networks = [x509.IPAddress(ipaddress.ip_network(network)) for network in PRIVATE]
    own = [x509.IPAddress(ipaddress.ip_network(str(name.value))) for name in wanted if _is_address(name)]
    hosts = [name for name in wanted if isinstance(name, x509.DNSName)]
    return [*hosts, x509.DNSName("localhost"), *networks, *own]


def _is_address(name: x509.GeneralName) -> bool:
    return isinstance(name, x509.IPAddress)


def _check_allowed(authority: x509.Certificate, wanted: Sequence[x509.GeneralName]) -> None:
    permitted = authority.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees or []
    for name in wanted:
        if not any(_covers(subtree, name) for subtree in permitted):
            raise OutsideAuthority(str(name.value))


def _covers(subtree: x509.GeneralName, name: x509.GeneralName) -> bool:
    if isinstance(subtree, x509.DNSName) and isinstance(name, x509.DNSName):
        return name.value == subtree.value or name.value.endswith("." + subtree.value)
    if isinstance(subtree, x509.IPAddress) and isinstance(name, x509.IPAddress):
        return ipaddress.ip_address(str(name.value)) in ipaddress.ip_network(str(subtree.value))
    return False


def _serves(files: Files, wanted: Sequence[x509.GeneralName], now: datetime) -> bool:
    """Whether the certificate that is there is for these names and lasts for a while."""
    if not (files.certificate.exists() and files.key.exists()):
        return False
    server = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    return set(_alternatives(server)) == set(wanted) and now + RENEW_BEFORE < server.not_valid_after_utc


def _alternatives(server: x509.Certificate) -> list[x509.GeneralName]:
    return list(server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)


def _make_certificate(
    files: Files, authority: x509.Certificate, wanted: Sequence[x509.GeneralName], now: datetime
) -> None:
    check_private(files.authority_key)
    signer = serialization.load_pem_private_key(files.authority_key.read_bytes(), None)
    if not isinstance(signer, ec.EllipticCurvePrivateKey):
        raise NoCertificate(files.authority_key.name)
    key = ec.generate_private_key(ec.SECP256R1())
    made = (
        _begun(_named("Wangge"), authority.subject, key, now, SERVER_FOR)
        .add_extension(x509.SubjectAlternativeName(wanted), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .sign(signer, hashes.SHA256())
    )
    chain = [made, authority]
    _write_key(files.key, key)
    pem = "".join(one.public_bytes(serialization.Encoding.PEM).decode() for one in chain)
    write_aside(files.certificate, pem)


def _named(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _begun(subject: x509.Name, issuer: x509.Name, key: Key, now: datetime, lasts: timedelta) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SKEW)
        .not_valid_after(now - SKEW + lasts)
    )


def _write_key(path: Path, key: Key) -> None:
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    write_aside(path, pem.decode())
