"""A reader of DKIM signatures that we did not write: dkimpy, which gets its records from a file instead of DNS.

Arguments: a file with lines as `sealpost dkim record` prints them, then letters. Each letter must bear a right signature for each record.
"""
import pathlib
import re
import sys

import dkim

records = {}
for line in pathlib.Path(sys.argv[1]).read_text().splitlines():
    name, rest = line.split(" IN TXT ", 1)
    records[name.encode()] = "".join(re.findall(r'"([^"]*)"', rest)).encode()
assert records, "no records"


def asked(name, timeout=5):
    return records[name if name.endswith(b".") else name + b"."]


def holds(letter, index):
    try:
        return dkim.DKIM(letter).verify(idx=index, dnsfunc=asked)
    except dkim.ValidationError:
        return False


for file in sys.argv[2:]:
    letter = pathlib.Path(file).read_bytes()
    signatures = letter.lower().split(b"\r\n\r\n", 1)[0].count(b"dkim-signature:")
    assert signatures == len(records), f"{file} has {signatures} signatures"
    for index in range(signatures):
        assert holds(letter, index), f"signature {index} of {file} is wrong"
    for changed in (letter.replace(b"\r\nSubject: ", b"\r\nSubject: x", 1), letter + b"x\r\n", letter.replace(b"\r\nTo: ", b"\r\nSubject: x\r\nTo: ", 1)):
        assert changed != letter
        for index in range(signatures):
            assert not holds(changed, index), f"signature {index} of {file} holds for anything"
