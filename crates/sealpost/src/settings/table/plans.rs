//! Settings of capacity plans, for those who host for others.

use super::Kind::*;
use super::Missing::*;
use super::{Setting, setting};

pub(super) const SETTINGS: &[Setting] = &[
    setting(
        "plan[].name",
        Text,
        Refused,
        "The name of this capacity plan. Without any plan nothing is limited. See [usage](usage.md).",
    ),
    setting("plan[].sites", Texts, Refused, "The sites that share it; a site is in one plan at most."),
    setting(
        "plan[].messages",
        Integer { min: 0, max: 1_000_000_000 },
        Empty,
        "Messages in a month, in and out. Without it they are not limited.",
    ),
    setting(
        "plan[].data_mb",
        Integer { min: 0, max: 1_000_000_000 },
        Empty,
        "Data in a month, in and out, in megabytes of 1,000,000 bytes. Without it it is not limited.",
    ),
    setting(
        "plan[].ends",
        Text,
        Empty,
        "The last day on which the plan is good, such as `2027-01-31`; it is announced ahead.",
    ),
    setting(
        "plan[].hold_days",
        Integer { min: 1, max: 30 },
        Means("7"),
        "How long events wait for room; after that a person has to say that they are told all the same.",
    ),
    setting("pack[].plan", Text, Refused, "The plan that this pack adds to."),
    setting("pack[].messages", Integer { min: 0, max: 1_000_000_000 }, Means("0"), "So many messages more."),
    setting("pack[].data_mb", Integer { min: 0, max: 1_000_000_000 }, Means("0"), "So many megabytes more."),
    setting("pack[].every_month", Bool, Means("false"), "It adds that to every month (an upgrade), and not once."),
    setting("pack[].from", Text, Refused, "The first day on which it is good, such as `2026-12-01`."),
    setting("pack[].until", Text, Refused, "The last day on which it is good; it is announced ahead."),
];
