"""Hands the mail on standard input in, by SMTP or LMTP, for these people. Says what was answered."""

import smtplib
import sys

# As mail programs do: OpenSSL writes the line ends of its system.
mail = sys.stdin.buffer.read().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
protocol, port, sender, *people = sys.argv[1:]
client = {"smtp": smtplib.SMTP, "lmtp": smtplib.LMTP}[protocol]
with client("127.0.0.1", int(port), timeout=60) as server:
    try:
        refused = server.sendmail(sender, people, mail)
        print("accepted", sorted(refused))
    except smtplib.SMTPException as error:
        print("refused", error)
