"""Reads a mail on standard input with Python's own parser: what it says and what goes along, as JSON."""
import email
import email.policy
import hashlib
import json
import sys

letter = email.message_from_binary_file(sys.stdin.buffer, policy=email.policy.default)
parts = []
for part in letter.walk():
    if part.is_multipart():
        continue
    content = part.get_payload(decode=True)
    parts.append({
        "type": part.get_content_type(),
        "name": part.get_filename(),
        "content_id": part["Content-ID"],
        "sha256": hashlib.sha256(content).hexdigest(),
        "defects": [type(defect).__name__ for defect in part.defects],
    })
html = letter.get_body(("html",))
text = letter.get_body(("plain",))
json.dump({"html": html and html.get_content(), "text": text and text.get_content(), "parts": parts}, sys.stdout)
