"""The local authority and its certificates, as a TLS client sees them."""

import socket
import ssl
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from api import tls
from api.tls import Files
from geo.keys import KeysUnsafe

NOW = datetime.now(UTC)
NAMES = ["grid.example", "192.168.1.10", "fd00::10"]


def handshake(files: Files, name: str, authority: Path | None = None) -> str:
    """Connect as a strict client that trusts the authority alone; returns the error, or nothing."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(files.certificate, files.key)
    client = ssl.create_default_context(cafile=str(authority or files.authority))
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    ours, theirs = socket.socketpair()

    def serve() -> None:
        try:
            server.wrap_socket(theirs, server_side=True).close()
        except OSError:
            theirs.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        client.wrap_socket(ours, server_hostname=name).close()
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    finally:
        ours.close()
        thread.join()
    return ""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "tls"


@pytest.mark.parametrize("name", NAMES)
def test_a_client_that_trusts_the_authority_trusts_the_server_under_its_names(place: Path, name: str) -> None:
    assert handshake(tls.make(place, NAMES, NOW).files, name) == ""


def test_a_client_trusts_no_other_name_and_no_other_authority(place: Path, tmp_path: Path) -> None:
    files = tls.make(place, NAMES, NOW).files
    other = tls.make(tmp_path / "other", NAMES, NOW).files
    assert "mismatch" in handshake(files, "bank.example")
    assert handshake(files, "grid.example", other.authority)


def test_a_stolen_authority_vouches_for_no_other_site(place: Path) -> None:
    files = tls.make(place, NAMES, NOW).files
    signer = serialization.load_pem_private_key(files.authority_key.read_bytes(), None)
    authority = x509.load_pem_x509_certificate(files.authority.read_bytes())
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    forged = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bank.example")]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("bank.example")]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(signer, hashes.SHA256())
    )
    pem = forged.public_bytes(serialization.Encoding.PEM) + files.authority.read_bytes()
    files.certificate.write_bytes(pem)
    files.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    assert handshake(files, "bank.example") == "permitted subtree violation"


def test_every_file_is_for_the_service_alone(place: Path) -> None:
    tls.make(place, NAMES, NOW)
    assert len(list(place.iterdir())) == 4
    assert {stat.S_IMODE(path.stat().st_mode) for path in place.iterdir()} == {0o600}
    assert stat.S_IMODE(place.stat().st_mode) == 0o700


def test_a_folder_that_others_may_read_is_refused(place: Path) -> None:
    place.mkdir(mode=0o755)
    with pytest.raises(KeysUnsafe):
        tls.make(place, NAMES, NOW)


def test_phones_take_its_lifetimes(place: Path) -> None:
    files = tls.make(place, NAMES, NOW).files
    server = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    assert server.not_valid_after_utc - server.not_valid_before_utc <= timedelta(days=398)
    assert server.not_valid_before_utc < NOW


def test_made_again_nothing_changes_until_renewal_is_due(place: Path) -> None:
    first = tls.make(place, NAMES, NOW)
    assert (first.new_authority, first.new_certificate) == (True, True)
    kept = first.files.certificate.read_bytes()
    later = tls.make(place, list(reversed(NAMES)), NOW + timedelta(days=365))
    assert (later.new_authority, later.new_certificate) == (False, False)
    assert first.files.certificate.read_bytes() == kept
    due = tls.make(place, NAMES, NOW + timedelta(days=367))
    assert (due.new_authority, due.new_certificate) == (False, True)
    assert due.fingerprint == first.fingerprint
    assert due.expires_at > NOW + timedelta(days=700)
    assert tls.make(place, NAMES, NOW, renew=True).new_certificate


def test_a_private_address_is_added_without_another_authority_and_a_new_name_is_not(place: Path) -> None:
    first = tls.make(place, NAMES, NOW)
    added = tls.make(place, [*NAMES, "10.0.0.7", "desk.grid.example"], NOW)
    assert (added.new_authority, added.new_certificate) == (False, True)
    assert handshake(added.files, "10.0.0.7") == handshake(added.files, "desk.grid.example") == ""
    with pytest.raises(tls.OutsideAuthority, match=r"other\.example"):
        tls.make(place, ["other.example"], NOW)
    assert tls.names_of(place) == [*NAMES, "10.0.0.7", "desk.grid.example"]
    anew = tls.make(place, ["other.example"], NOW, anew=True)
    assert anew.fingerprint != first.fingerprint
    assert handshake(anew.files, "other.example") == ""


@pytest.mark.parametrize(
    "name",
    ["", "a b", "-a.example", "a-.example", "http://grid.example", "*.example", "a..b", "a" * 64, "1.2.3", "a/b"],
)
def test_what_is_no_name_is_refused(place: Path, name: str) -> None:
    with pytest.raises(tls.BadHostName):
        tls.make(place, [name], NOW)


def test_a_chinese_name_is_written_as_browsers_ask_for_it(place: Path) -> None:
    tls.make(place, ["网格.example"], NOW)
    assert tls.names_of(place) == ["网格.example".encode("idna").decode()]


def test_a_certificate_that_is_missing_or_expired_is_not_served(place: Path) -> None:
    with pytest.raises(tls.NoCertificate):
        tls.serving(place, NOW)
    files = tls.make(place, NAMES, NOW).files
    assert tls.serving(place, NOW) == files
    with pytest.raises(tls.NoCertificate):
        tls.serving(place, NOW + timedelta(days=400))


def test_the_fingerprint_is_that_of_the_file_which_phones_install(place: Path) -> None:
    made = tls.make(place, NAMES, NOW)
    der = ssl.PEM_cert_to_DER_cert(made.files.authority.read_text())
    digest = hashes.Hash(hashes.SHA256())
    digest.update(der)
    assert made.fingerprint.replace(":", "").lower() == digest.finalize().hex()
