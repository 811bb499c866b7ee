//! Settings of tokens that keep private keys.

use super::Kind::*;
use super::Missing::*;
use super::{Setting, setting};

pub(super) const SETTINGS: &[Setting] = &[
    setting(
        "pkcs11[].name",
        Text,
        Refused,
        "The label of a token (PKCS#11: an HSM or a smart card) whose private keys folders name. See \
         [Keys that a token keeps](sealing.md#keys-that-a-token-keeps). Counts after a restart.",
    ),
    setting(
        "pkcs11[].module",
        Path,
        Refused,
        "The library of the token's maker that speaks to it. It is loaded into the gateway, so it has to be one that you trust.",
    ),
    setting(
        "pkcs11[].pin",
        Secret,
        Empty,
        "The PIN of its user. Without it the token is one that asks nobody, or whose reader asks. One that the token refuses is not \
         tried again before a restart.",
    ),
];
