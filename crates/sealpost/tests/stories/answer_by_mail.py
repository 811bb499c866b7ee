"""The mail program of a customer: reads the one letter in his mailbox and answers it, quoting all of it.

Arguments: IMAP port, his address, his password, SMTP port of the gateway, a folder for what was read.
"""
import email
import email.policy
import imaplib
import pathlib
import re
import smtplib
import sys
from email.message import EmailMessage

imap_port, address, password, smtp_port, folder = sys.argv[1:]
with imaplib.IMAP4("127.0.0.1", int(imap_port)) as mailbox:
    mailbox.login(address, password)
    mailbox.select("INBOX")
    _, found = mailbox.search(None, "ALL")
    numbers = found[0].split()
    assert len(numbers) == 1, f"{len(numbers)} letters"
    _, fetched = mailbox.fetch(numbers[0], "(RFC822)")
raw = fetched[0][1]
pathlib.Path(folder, "letter.eml").write_bytes(raw)
letter = email.message_from_bytes(raw, policy=email.policy.default)

answer = EmailMessage()
answer["From"] = f"The Boss <{address}>"
answer["To"] = letter["Reply-To"]
answer["Subject"] = "Re: " + letter["Subject"]
answer["In-Reply-To"] = letter["Message-ID"]
answer["References"] = f"{letter['References']} {letter['Message-ID']}"
answer["Message-ID"] = "<answer-of-the-boss@people.example>"
text = letter.get_body(("plain",)).get_content()
quoted = "".join(f"> {line}\n" for line in text.splitlines())
answer.set_content(f"Good work, thank you.\n\nOn Thursday {letter['From']} wrote:\n{quoted}")
# Programs quote what stands in the body.
page = re.search(r"<body[^>]*>(.*)</body>", letter.get_body(("html",)).get_content(), re.S).group(1)
answer.add_alternative(
    f"<p>Good work, thank you.</p><p>On Thursday Support wrote:</p><blockquote type=cite>{page}</blockquote>", "html"
)
with smtplib.SMTP("127.0.0.1", int(smtp_port)) as server:
    server.send_message(answer, address, [letter["Reply-To"].addresses[0].addr_spec])
