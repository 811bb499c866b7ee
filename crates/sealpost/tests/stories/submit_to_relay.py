"""Hands a mail to the relay as a wiki does: STARTTLS, sign-in, one mail to several people. Says what was answered."""

import smtplib
import ssl
import sys
from email.message import EmailMessage

port, authority, user, password, *people = sys.argv[1:]
mail = EmailMessage()
mail["From"] = "Wiki <wiki@example.org>"
mail["To"] = ", ".join(people)
mail["Subject"] = "[Wiki] Planted-title has changed"
mail["Message-ID"] = "<page-1@wiki.example>"
mail["X-Confluence-Space"] = "DOC"
mail.set_content("Planted-words of a page.\n.and a dot\n")
mail.add_alternative("<p>Planted-words of a page.</p>", subtype="html")
# A client that tries again sends the same bytes.
mail.set_boundary("edge")
with smtplib.SMTP("127.0.0.1", int(port), timeout=60) as server:
    server.starttls(context=ssl.create_default_context(cafile=authority))
    if user:
        server.login(user, password)
    try:
        refused = server.send_message(mail, "wiki@example.org", people)
        print("accepted", sorted(refused))
    except smtplib.SMTPException as error:
        print("refused", error)
