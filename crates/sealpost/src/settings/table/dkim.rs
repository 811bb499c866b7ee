//! Settings of the keys that sign letters.

use super::Kind::*;
use super::Missing::*;
use super::{Setting, setting};

pub(super) const SETTINGS: &[Setting] = &[
    setting(
        "dkim[].domain",
        Text,
        Refused,
        "Letters that are from an address of exactly this domain are signed with the key (DKIM).",
    ),
    setting(
        "dkim[].selector",
        Text,
        Refused,
        "The name under which DNS holds the public key; `sealpost dkim record` prints what it has to hold.",
    ),
    setting(
        "dkim[].sites",
        Texts,
        Empty,
        "Whose letters are signed with it: those of these sites alone; without it of all.",
    ),
    setting(
        "dkim[].key",
        Secret,
        Refused,
        "The private key in PEM: RSA of 2048 to 4096 bits, or Ed25519. With a section for each, letters bear both signatures.",
    ),
];
