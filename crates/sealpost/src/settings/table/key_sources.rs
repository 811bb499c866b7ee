//! Settings of those who are asked for keys that no folder has.

use super::Kind::*;
use super::Missing::*;
use super::{Setting, setting};

pub(super) const SETTINGS: &[Setting] = &[
    setting(
        "key_source[].name",
        Text,
        Refused,
        "The name of this source, by which relays and sites ask it. See [Keys from elsewhere](sealing.md#keys-from-elsewhere).",
    ),
    setting(
        "key_source[].kind",
        Choice(&["wkd", "vks", "hkp", "ldap", "dns"]),
        Refused,
        "`wkd`: the Web Key Directory of the recipient's own domain; `vks`: a key server that proves addresses by a mail, such as \
         `https://keys.openpgp.org`; `hkp`: a key server to which anybody may bring any key; `ldap`: a directory of people; `dns`: OPENPGPKEY \
         and SMIMEA records of the recipient's own domain.",
    ),
    setting(
        "key_source[].url",
        Text,
        Empty,
        "The server, over https; needed by `vks` and `hkp`. For `wkd` it stands for those of all domains. For `ldap` \
         `ldaps://ldap.example.org`, or `ldap://` with STARTTLS.",
    ),
    setting(
        "key_source[].base",
        Text,
        Empty,
        "For `ldap`, needed there: the entry below which people are, such as `ou=people,dc=example,dc=org`.",
    ),
    setting("key_source[].bind_dn", Text, Empty, "For `ldap`: in whose name it is asked. Without it nobody's."),
    setting("key_source[].password", Secret, Empty, "For `ldap`: the password of `bind_dn`."),
    setting(
        "key_source[].address_attributes",
        Texts,
        Means("mail"),
        "For `ldap`: the attributes in which addresses of people stand.",
    ),
    setting(
        "key_source[].pgp_base",
        Text,
        Empty,
        "For `ldap` with `vouches`: the entry below which keys of OpenPGP are (`pgpKey`). Without it where `cn=pgpServerInfo` says.",
    ),
    setting(
        "key_source[].allow_clear",
        Bool,
        Means("false"),
        "For `ldap`: ask an `ldap://` server that is not on this machine without encryption, on a network where nobody reads along. On this \
         machine `ldap://127.0.0.1` and `ldap://[::1]` are always asked so.",
    ),
    setting(
        "key_source[].servers",
        Texts,
        Empty,
        "For `dns`: the resolvers that are asked, as `127.0.0.1:53`. They need not be trusted, only hand on signatures (DNSSEC). Without it \
         those of the system.",
    ),
    setting(
        "key_source[].trust_anchor",
        Path,
        Empty,
        "For `dns`: a file of DNSKEY records by which signatures are checked. Without it those of the root of the Internet.",
    ),
    setting(
        "key_source[].domains",
        Texts,
        Empty,
        "It is asked about addresses of these domains, and of those below them, alone. Without it about all.",
    ),
    setting(
        "key_source[].vouches",
        Bool,
        Means("false"),
        "For `hkp` and `ldap`: whoever runs the server makes sure that keys of OpenPGP belong to the addresses on them. Without it \
         `sealpost key discover` shows them, and nothing is sealed with them; no relay and no site may name such an `hkp`.",
    ),
    setting("key_source[].timeout_s", Integer { min: 1, max: 10 }, Means("5"), "How long one answer is waited for."),
    setting(
        "key_source[].keep_hours",
        Integer { min: 1, max: 720 },
        Means("24"),
        "How long a key that was found is used without asking again.",
    ),
    setting(
        "key_source[].keep_none_minutes",
        Integer { min: 1, max: 1440 },
        Means("60"),
        "How long it is believed that there is no key.",
    ),
    setting(
        "key_source[].stale_hours",
        Integer { min: 0, max: 720 },
        Means("72"),
        "How much longer than `keep_hours` a key that was found counts while the source cannot be asked.",
    ),
    setting("key_source[].allow_private", Bool, Means("false"), "It may be at a private address, or on this machine."),
    setting(
        "key_source[].certificate_authorities",
        Paths,
        Empty,
        "Further certificate authorities for it, in PEM. For `ldap` one file, in place of those of the system.",
    ),
    setting("key_source[].proxy", Url, Empty, "The HTTP proxy for it; not for `ldap` and `dns`."),
];
