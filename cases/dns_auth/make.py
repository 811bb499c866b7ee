#!/usr/bin/python3
"""Makes the cases of this folder anew: mails signed by dkimpy (Debian's python3-dkim, python3-authres and python3-nacl) with fresh keys, and their zones.

Run it in this folder, then let `BLESS=1 cargo test -p courier --test dns_auth` write down the verdicts, and read them.
"""

import subprocess
import tempfile

import dkim
import nacl.encoding
import nacl.signing

BODY = "Dear  all, \n\nplease pay.\n\n\n"
SPF_NONE = "corp.example TXT nothing to see"


def rsa(bits):
    with tempfile.NamedTemporaryFile() as file:
        subprocess.run(["openssl", "genrsa", "-traditional", "-out", file.name, str(bits)], check=True, capture_output=True)
        public = subprocess.run(["openssl", "rsa", "-in", file.name, "-pubout", "-outform", "DER"], check=True, capture_output=True)
        import base64

        return open(file.name, "rb").read(), "v=DKIM1; k=rsa; p=" + base64.b64encode(public.stdout).decode()


def ed25519():
    key = nacl.signing.SigningKey.generate()
    encoder = nacl.encoding.Base64Encoder
    return key.encode(encoder), "v=DKIM1; k=ed25519; p=" + key.verify_key.encode(encoder).decode()


def mail(author="Ann <ann@corp.example>", subject="Invoice", body=BODY):
    return (
        f"From: {author}\nTo: help@desk.example\nSubject: {subject}\nDate: Sun, 22 Nov 2026 10:00:00 +0000\n"
        f"Message-ID: <1@corp.example>\n\n{body}"
    ).replace("\n", "\r\n").encode()


def signed(message, key, domain="corp.example", **how):
    how = {"canonicalize": (b"relaxed", b"relaxed"), "include_headers": [b"from", b"to", b"subject", b"date"], **how}
    return dkim.sign(message, b"s1", domain.encode(), key, **how) + message


def sealed(message, key, domain):
    return b"".join(dkim.arc_sign(message, b"arc", domain.encode(), key, domain.encode())) + message


def case(name, why, message, zone, arrival="192.0.2.1 out.corp.example <>"):
    text = message.decode().replace("\r\n", "\n")
    with open(name + ".case", "w") as file:
        file.write(f"{why}\n--- zone\n{zone.strip()}\n--- arrival\n{arrival}\n--- mail\n{text}--- verdict\n")


KEY, PUBLIC = rsa(1024)
S1 = "s1._domainkey.corp.example TXT " + PUBLIC
EVIL, EVIL_PUBLIC = rsa(1024)
GOOD = signed(mail(), KEY)

case("dkim-rsa", "A signature of the author's domain vouches for the mail.", GOOD, S1)
case("dkim-simple", "Headers and body as they stand.", signed(mail(), KEY, canonicalize=(b"simple", b"simple")), S1)
ed_key, ed_public = ed25519()
case("dkim-ed25519", "RFC 8463.", signed(mail(), ed_key, signature_algorithm=b"ed25519-sha256"), "s1._domainkey.corp.example TXT " + ed_public)
big_key, big_public = rsa(4096)
case("dkim-rsa-4096", "A key that is longer than one answer over UDP.", signed(mail(), big_key), "s1._domainkey.corp.example TXT " + big_public + "; n=" + "x" * 1200)
case("dkim-key-by-alias", "Many keys are CNAMEs to a provider's zone.", GOOD, "s1._domainkey.corp.example CNAME k.provider.example\n" + S1.replace("s1._domainkey.corp.example", "k.provider.example"))
case("dkim-empty-body", "A mail without a body.", signed(mail(body=""), KEY), S1)
case("dkim-body-changed", "A mail that was changed on its way.", GOOD.replace(b"please pay", b"please  pay twice"), S1)
case("dkim-header-changed", "Another subject than the signed one.", GOOD.replace(b"Invoice", b"Second invoice"), S1)
case("dkim-from-changed", "SEC-01: another author than the signed one.", GOOD.replace(b"ann@corp", b"boss@corp"), S1)
case("dkim-other-domain", "SEC-07: somebody else's valid signature proves nothing.", signed(mail(), EVIL, "evil.example"), "s1._domainkey.evil.example TXT " + EVIL_PUBLIC)
case("dkim-parent-domain", "A domain vouches for those below it.", signed(mail("ann@news.corp.example"), KEY), S1)
case("dkim-child-domain", "A domain below proves nothing of the one above.", signed(mail(), EVIL, "evil.corp.example"), "s1._domainkey.evil.corp.example TXT " + EVIL_PUBLIC)
case("dkim-sibling-dmarc", "DMARC's relaxed alignment.", signed(mail("ann@news.corp.example"), KEY, "mail.corp.example"), S1.replace("corp.example", "mail.corp.example") + "\n_dmarc.corp.example TXT v=DMARC1; p=reject")
case("dkim-parent-strict", "DMARC's strict alignment overrides ours.", signed(mail("ann@news.corp.example"), KEY), S1 + "\n_dmarc.news.corp.example TXT v=DMARC1; p=none; adkim=s; aspf=s")
case("dkim-length", "SEC-07: a signature over a part of the body does not count.", signed(mail(), KEY, length=True) + b"Pay him instead.\r\n", S1)
case("dkim-sha1", "RFC 8301: SHA-1 does not count.", signed(mail(), KEY, signature_algorithm=b"rsa-sha1"), S1)
weak_key, weak_public = rsa(768)
case("dkim-weak-key", "SEC-07: a key of less than 1024 bits does not count.", signed(mail(), weak_key), "s1._domainkey.corp.example TXT " + weak_public)
huge_key, huge_public = rsa(8704)
case("dkim-huge-key", "SEC-07: a key of more than 8192 bits costs nothing.", signed(mail(), huge_key), "s1._domainkey.corp.example TXT " + huge_public)
case("dkim-revoked", "A key that was withdrawn.", GOOD, "s1._domainkey.corp.example TXT v=DKIM1; p=")
case("dkim-no-key", "No key is no proof.", GOOD, SPF_NONE)
case("dkim-key-fails", "SERVFAIL is neither a pass nor a fail.", GOOD, "s1._domainkey.corp.example SERVFAIL")
case("dkim-key-silent", "FAULT-29: no answer is neither a pass nor a fail.", GOOD, "s1._domainkey.corp.example SILENT")
case("dkim-key-alias-loop", "A loop of CNAMEs ends.", GOOD, "s1._domainkey.corp.example CNAME a.example\na.example CNAME b.example\nb.example CNAME a.example")
case("dkim-text-in-header", "Text slipped in before the empty line is body to a reader, and no signature covers it.", GOOD.replace(b"\r\n\r\n", b"\r\nPay him instead\r\nand now\r\n\r\n", 1), S1)
case("dkim-two-subjects", "SEC-07: a second subject above the signed one is what people would read.", b"Subject: Pay him\r\n" + GOOD, S1)
case("dkim-two-from", "SEC-03: a valid signature, and a second author above it.", b"From: boss@corp.example\r\n" + GOOD, S1)
junk = b"".join(
    b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=x%d.evil.example; s=s1;\r\n\th=from; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=YQ==\r\n" % i
    for i in range(40)
)
case("dkim-many-signatures", "SEC-07: forty signatures above the good one cost little and hide nothing.", junk + GOOD, S1)
case("dkim-unreadable", "A signature that is none.", b"DKIM-Signature: v=2; nonsense\r\n" + mail(), S1)
case("dmarc-fails", "A domain that says what has to be so, and nothing is.", mail(), "_dmarc.corp.example TXT v=DMARC1; p=reject")
case("dmarc-silent", "What DMARC says is not known, but the author's own domain signed.", GOOD, S1 + "\n_dmarc.corp.example SILENT")
case("dmarc-silent-unsigned", "What DMARC says is not known, and nothing else vouches.", mail(), "_dmarc.corp.example SILENT")

ANN = "192.0.2.1 out.corp.example <bounce@corp.example>"
case("spf-pass", "The client may send for the author's domain.", mail(), "corp.example TXT v=spf1 ip4:192.0.2.0/24 -all", ANN)
case("spf-fail", "SEC-01: a client that may not.", mail(), "corp.example TXT v=spf1 ip4:198.51.100.0/24 -all", ANN)
case("spf-softfail", "A softfail is no pass.", mail(), "corp.example TXT v=spf1 ip4:198.51.100.0/24 ~all", ANN)
case("spf-other-domain", "SPF of another domain proves nothing of the author's.", mail(), "evil.example TXT v=spf1 +all", "192.0.2.1 evil.example <a@evil.example>")
case("spf-null-path", "The null reverse-path is checked as the client's name.", mail(), "corp.example TXT v=spf1 ip4:192.0.2.1 -all", "192.0.2.1 corp.example <>")
case("spf-ipv6-mapped", "An IPv4 client on an IPv6 socket.", mail(), "corp.example TXT v=spf1 ip4:192.0.2.1 -all", "::ffff:192.0.2.1 x <a@corp.example>")
case("spf-no-client", "Without a client there is nothing to check.", mail(), "corp.example TXT v=spf1 +all", "- x <a@corp.example>")
case("spf-include-loop", "SEC-07: an include loop ends after ten look-ups.", mail(), "corp.example TXT v=spf1 include:corp.example +all", ANN)
many = " ".join(f"a:h{i}.corp.example" for i in range(11))
hosts = "\n".join(f"h{i}.corp.example A 198.51.100.{i}" for i in range(11))
case("spf-eleven-look-ups", "SEC-07: more than ten look-ups are an error and no pass.", mail(), f"corp.example TXT v=spf1 {many} +all\n{hosts}", ANN)
case("spf-ten-look-ups", "Ten look-ups are allowed.", mail(), f"corp.example TXT v=spf1 {many.replace(' a:h10.corp.example', '')} +all\n{hosts}", ANN)
case("spf-three-void", "SEC-07: more than two look-ups that come to nothing are an error and no pass.", mail(), "corp.example TXT v=spf1 a:a.none.example a:b.none.example mx:c.none.example +all", ANN)
case("spf-two-void", "Two look-ups may come to nothing.", mail(), "corp.example TXT v=spf1 a:a.none.example a:b.none.example a:h.corp.example +all\nh.corp.example A 198.51.100.1", ANN)
case("spf-silent", "FAULT-29: a time-out is neither a pass nor a fail.", mail(), "corp.example TXT v=spf1 a:slow.corp.example -all\nslow.corp.example SILENT", ANN)
case("spf-long-record", "SEC-07: a record of 60 kB is read within bounds.", mail(), "corp.example TXT v=spf1 " + "ip4:198.51.100.7 " * 3500 + "-all", ANN)

SEAL, SEAL_PUBLIC = rsa(1024)
ARC = "\narc._domainkey.list.example TXT " + SEAL_PUBLIC
LIST = b"Authentication-Results: list.example; dkim=pass header.d=corp.example\r\n"
case("arc-one", "A mailing list changed the mail and says that it was authentic: shown, and no proof.", sealed(LIST + GOOD.replace(b"Invoice", b"[list] Invoice"), SEAL, "list.example"), S1 + ARC)
one = sealed(LIST + GOOD, SEAL, "list.example")
two = sealed(b"Authentication-Results: other.example; arc=pass; dkim=pass header.d=corp.example\r\n" + one, EVIL, "other.example")
case("arc-two", "A chain of two, and a signature that still holds.", two, S1 + ARC + "\narc._domainkey.other.example TXT " + EVIL_PUBLIC)
case("arc-bogus", "SEC-04: a chain whose seal was changed.", one.replace(b"cv=none", b"cv=pass", 1), S1 + ARC)
case("arc-long", "SEC-07: a chain of fifty sets is not followed.", b"".join(
    b"ARC-Seal: i=%d; a=rsa-sha256; cv=pass; d=evil.example; s=arc; b=YQ==\r\nARC-Message-Signature: i=%d; a=rsa-sha256; d=evil.example; s=arc; h=from; bh=YQ==; b=YQ==\r\nARC-Authentication-Results: i=%d; evil.example; dkim=pass\r\n" % (i, i, i)
    for i in range(50, 0, -1)) + GOOD, S1)
