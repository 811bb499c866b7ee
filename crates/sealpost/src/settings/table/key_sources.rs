//! Settings of those who are asked for keys that no folder has.

use super::Kind::*;
use super::Missing::*;
use super::{Setting, setting};

pub(super) const SETTINGS: &[Setting] = &[
    setting(
        "key_source[].name",
        Text,
        Refused,
        "The name of this source, by which a relay asks it. See [Keys from elsewhere](sealing.md#keys-from-elsewhere).",
    ),
    setting(
        "key_source[].kind",
        Choice(&["wkd", "vks", "hkp"]),
        Refused,
        "`wkd`: the Web Key Directory of the recipient's own domain; `vks`: a key server that proves addresses by a mail, such as \
         `https://keys.openpgp.org`; `hkp`: a key server to which anybody may bring any key.",
    ),
    setting(
        "key_source[].url",
        Url,
        Empty,
        "The server, over https; needed by `vks` and `hkp`. For `wkd` it stands for those of all domains.",
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
        "For `hkp`: whoever runs the server makes sure that keys belong to the addresses on them. Without it `sealpost key discover` \
         shows what it has, and no relay may name it.",
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
    setting("key_source[].certificate_authorities", Paths, Empty, "Further certificate authorities for it, in PEM."),
    setting("key_source[].proxy", Url, Empty, "The HTTP proxy for it."),
];
