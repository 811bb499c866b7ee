"""Python's `cryptography` for the matrix: a job a line, words between tabs; the answer is `ok`, or `failed` and why."""

import os
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import pkcs7

CIPHERS = {"aes-128-cbc": algorithms.AES128, "aes-256-cbc": algorithms.AES256}
HASHES = {"sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512}


def read(name):
    with open(name, "rb") as file:
        return file.read()


def key_of(name):
    return serialization.load_der_private_key(read(name), None)


def certificate_of(name):
    return x509.load_der_x509_certificate(read(name))


def sign(scheme, key, certificate, form, content):
    name, digest = scheme.split("-")
    filled = padding.PSS(padding.MGF1(HASHES[digest]()), HASHES[digest]().digest_size) if name == "pss" else None
    options = [pkcs7.PKCS7Options.Binary] + ([] if form == "opaque" else [pkcs7.PKCS7Options.DetachedSignature])
    builder = pkcs7.PKCS7SignatureBuilder().set_data(read(content))
    builder = builder.add_signer(certificate_of(certificate), key_of(key), HASHES[digest](), rsa_padding=filled)
    return builder.sign(serialization.Encoding.DER, options)


def encrypt(cipher, content, *certificates):
    builder = pkcs7.PKCS7EnvelopeBuilder().set_data(read(content)).set_content_encryption_algorithm(CIPHERS[cipher])
    for certificate in certificates:
        builder = builder.add_recipient(certificate_of(certificate))
    return builder.encrypt(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary])


def decrypt(key, certificate, sealed):
    return pkcs7.pkcs7_decrypt_der(read(sealed), certificate_of(certificate), key_of(key), [])


def seal(key, certificate, entity):
    """Signed, then encrypted, each in MIME of its own."""
    options = [pkcs7.PKCS7Options.Binary, pkcs7.PKCS7Options.DetachedSignature]
    builder = pkcs7.PKCS7SignatureBuilder().set_data(read(entity))
    builder = builder.add_signer(certificate_of(certificate), key_of(key), hashes.SHA256())
    signed = builder.sign(serialization.Encoding.SMIME, options)
    outer = pkcs7.PKCS7EnvelopeBuilder().set_data(signed).set_content_encryption_algorithm(algorithms.AES256)
    outer = outer.add_recipient(certificate_of(certificate))
    return outer.encrypt(serialization.Encoding.SMIME, [pkcs7.PKCS7Options.Binary])


def elements(der):
    """Tag, content and whole of each element."""
    found = []
    while der:
        size, head = der[1], 2
        if size > 127:
            head += size & 127
            size = int.from_bytes(der[2:head], "big")
        found.append((der[0], der[head : head + size], der[: head + size]))
        der = der[head + size :]
    return found


def within(element):
    return elements(element[1])


def agreed(key, sealed):
    """What was encrypted for one recipient on X25519 (RFC 5652, RFC 5083, RFC 5753, RFC 8418), without the pkcs7 module."""
    kind, explicit = within(elements(read(sealed))[0])
    _, recipients, content, *proof = within(within(explicit)[0])
    _, originator, way, keys = within(within(recipients)[0])
    assert within(way)[0][1] == bytes.fromhex("2a864886f70d0109100313")  # dhSinglePass-stdDH-hkdf-sha256-scheme
    other = X25519PublicKey.from_public_bytes(within(within(originator)[0])[1][1][1:])
    wrap = within(way)[1]
    size = {0x05: 16, 0x2D: 32}[within(wrap)[0][1][-1]]
    # ECC-CMS-SharedInfo: the wrap as it stands, and the bits of its key.
    bits = b"\xa2\x06\x04\x04" + (size * 8).to_bytes(4, "big")
    shared = bytes([0x30, len(wrap[2]) + len(bits)]) + wrap[2] + bits
    secret = key_of(key).exchange(other)
    kek = HKDF(hashes.SHA256(), size, None, shared).derive(secret)
    cek = aes_key_unwrap(kek, within(within(keys)[0])[1][1])
    return content_opened(cek, content, proof)


def content_opened(cek, content, proof):
    _, algorithm, encrypted = within(content)
    if not proof:
        cipher = Cipher(algorithms.AES(cek), modes.CBC(within(algorithm)[1][1])).decryptor()
        unpadder = PKCS7(128).unpadder()
        return unpadder.update(cipher.update(encrypted[1]) + cipher.finalize()) + unpadder.finalize()
    nonce = within(within(algorithm)[1])[0][1]
    return AESGCM(cek).decrypt(nonce, encrypted[1] + proof[-1][1], b"")



def der(tag, *parts):
    content = b"".join(parts)
    size = len(content)
    head = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + head + content


OTHER_RECIPIENT = bytes.fromhex("060b2a864886f70d010910") + bytes.fromhex("0d03")
HKDF_SHA256 = der(0x30, bytes.fromhex("060b2a864886f70d010910031c"))
AES256_WRAP = der(0x30, bytes.fromhex("060960864801650304012d"))


def kem_info(wrap, size, ukm=b""):
    """CMSORIforKEMOtherInfo (RFC 9629, section 5)."""
    return der(0x30, wrap, der(2, bytes([size])), ukm)


def decapsulated(key, sealed):
    """What was encrypted for one recipient with ML-KEM (RFC 9629, RFC 9936), without the pkcs7 module."""
    kind, explicit = within(elements(read(sealed))[0])
    _, recipients, content, *proof = within(within(explicit)[0])
    other, info = within(within(recipients)[0])
    assert other[2] == OTHER_RECIPIENT
    version, _, _, ciphertext, kdf, size, wrap, wrapped = within(info)
    assert version[1] == b"\0" and kdf[2] == HKDF_SHA256
    secret = key_of(key).decapsulate(ciphertext[1])
    size = size[1][0]
    kek = HKDF(hashes.SHA256(), size, None, kem_info(wrap[2], size)).derive(secret)
    return content_opened(aes_key_unwrap(kek, wrapped[1]), content, proof)


def encapsulated(certificate, ukm, content):
    """AuthEnvelopedData for one recipient with ML-KEM, with user keying material or without."""
    certificate = certificate_of(certificate)
    secret, ciphertext = certificate.public_key().encapsulate()
    cek, nonce = os.urandom(32), os.urandom(12)
    ukm = der(0xA0, der(4, ukm.encode())) if ukm != "-" else b""
    kek = HKDF(hashes.SHA256(), 32, None, kem_info(AES256_WRAP, 32, ukm)).derive(secret)
    spki = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    kem = within(elements(spki)[0])[0][2]
    id = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    info = der(
        0x30, der(2, b"\0"), der(0x80, id), kem, der(4, ciphertext), HKDF_SHA256, der(2, b"\x20"), ukm, AES256_WRAP,
        der(4, aes_key_wrap(kek, cek)),
    )
    sealed = AESGCM(cek).encrypt(nonce, read(content), b"")
    gcm = der(0x30, bytes.fromhex("060960864801650304012e"), der(0x30, der(4, nonce), der(2, b"\x10")))
    inner = der(0x30, bytes.fromhex("06092a864886f70d010701"), gcm, der(0x80, sealed[:-16]))
    recipients = der(0x31, der(0xA4, OTHER_RECIPIENT, info))
    data = der(0x30, der(2, b"\0"), recipients, inner, der(4, sealed[-16:]))
    return der(0x30, bytes.fromhex("060b2a864886f70d0109100117"), der(0xA0, data))


JOBS = {"sign": sign, "encrypt": encrypt, "decrypt": decrypt, "seal": seal, "agreed": agreed, "decapsulated": decapsulated, "encapsulated": encapsulated}

for line in sys.stdin:
    job, out, *words = line.rstrip("\n").split("\t")
    try:
        made = JOBS[job](*words)
        with open(out, "wb") as file:
            file.write(made)
        print("ok", flush=True)
    except Exception as broken:
        print("failed\t" + f"{type(broken).__name__} {broken}".replace("\n", " "), flush=True)
