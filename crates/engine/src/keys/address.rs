//! Addresses as keys are looked up by them.

use std::collections::HashMap;

/// An address with its domain as [`mail::normalised`] spells it, and its local part as it is.
pub fn folded(address: &str) -> String {
    let normalised = mail::normalised(address);
    match (address.trim().rsplit_once('@'), normalised.rsplit_once('@')) {
        (Some((local, _)), Some((_, domain))) => format!("{local}@{domain}"),
        _ => normalised,
    }
}

/// Whether two spellings are the same address, as [`mail::normalised`] has it.
pub fn same_address(one: &str, other: &str) -> bool {
    mail::normalised(one) == mail::normalised(other)
}

/// Which things are for an address, by their places.
#[derive(Default)]
pub(super) struct Addresses {
    spelled: HashMap<String, Vec<usize>>,
    lower: HashMap<String, Vec<usize>>,
}

impl Addresses {
    pub(super) fn of<'a>(all: impl Iterator<Item = &'a [String]>) -> Addresses {
        let mut addresses = Addresses::default();
        for (place, of_one) in all.enumerate() {
            for address in of_one {
                let pairs =
                    [(&mut addresses.spelled, folded(address)), (&mut addresses.lower, mail::normalised(address))];
                for (map, key) in pairs {
                    let places = map.entry(key).or_default();
                    if places.last() != Some(&place) {
                        places.push(place);
                    }
                }
            }
        }
        addresses
    }

    /// Those that spell it so; where there are none, those that spell it otherwise in case alone.
    pub(super) fn find(&self, address: &str) -> impl Iterator<Item = usize> {
        let found = self.spelled.get(&folded(address)).or_else(|| self.lower.get(&mail::normalised(address)));
        found.into_iter().flatten().copied()
    }
}
