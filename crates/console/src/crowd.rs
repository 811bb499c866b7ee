//! How many connections each address has open, so that one of them cannot take the places of all others.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// Counts connections by address; of IPv6 by the network of 64 bits, which one party usually has to itself (RFC 4291,
/// section 2.5.4).
#[derive(Debug, Clone, Default)]
pub(crate) struct Crowd {
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// One connection's place; dropping it frees the place.
#[derive(Debug)]
pub(crate) struct Place {
    crowd: Crowd,
    who: IpAddr,
}

impl Crowd {
    /// A place for one more connection of this address; `None` when it has as many as it may have.
    pub(crate) fn enter(&self, address: IpAddr, places_max: usize) -> Option<Place> {
        let who = party(address);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(who).or_default();
        // At least one may come, so an entry is never left behind that counts nothing.
        if *count >= places_max.max(1) {
            return None;
        }
        *count += 1;
        Some(Place { crowd: self.clone(), who })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.crowd.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.who) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.who);
            }
        }
    }
}

/// Whom an address belongs to: itself, or its network of 64 bits.
pub(crate) fn party(address: IpAddr) -> IpAddr {
    const NETWORK: u128 = !0 << 64;
    match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => Ipv6Addr::from_bits(address.to_bits() & NETWORK).into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn sec_45_a_full_address_leaves_room_for_others() {
        let crowd = Crowd::default();
        let enter = |address: &str| crowd.enter(address.parse().unwrap(), 2);
        let first = enter("192.0.2.1").unwrap();
        let _second = enter("::ffff:192.0.2.1").unwrap();
        assert!(enter("192.0.2.1").is_none());
        assert!(enter("192.0.2.2").is_some());
        drop(first);
        let _third = enter("192.0.2.1").unwrap();
        let _one = enter("2001:db8::1").unwrap();
        let _two = enter("2001:db8::ffff:2").unwrap();
        assert!(enter("2001:db8::3").is_none(), "one network is one party");
        assert!(enter("2001:db8:0:1::3").is_some());
    }

    #[test]
    fn nothing_is_remembered_of_those_who_left() {
        let crowd = Crowd::default();
        for last in 0..100 {
            drop(crowd.enter([192, 0, 2, last].into(), 1).unwrap());
        }
        assert!(crowd.open.lock().unwrap().is_empty());
    }
}
