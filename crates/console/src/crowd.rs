//! How much each address has of something that is short, connections or memory, so that one of them cannot take what is for all.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// Counts places by address, one for a connection; of IPv6 by the network of 64 bits, which one party usually has to itself (RFC 4291,
/// section 2.5.4).
#[derive(Debug, Clone, Default)]
pub(crate) struct Crowd {
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// The places of one connection or request; dropping it frees them.
#[derive(Debug)]
pub(crate) struct Place {
    crowd: Crowd,
    who: IpAddr,
    held: usize,
}

impl Crowd {
    /// A place for one more connection of this address; `None` when it has as many as it may have.
    pub(crate) fn enter(&self, address: IpAddr, places_max: usize) -> Option<Place> {
        let mut place = self.stand(address);
        // At least one may come.
        place.grow(1, places_max.max(1)).then_some(place)
    }

    /// No place yet, for somebody who will need more and more of them.
    pub(crate) fn stand(&self, address: IpAddr) -> Place {
        Place { crowd: self.clone(), who: party(address), held: 0 }
    }
}

impl Place {
    /// So many more places; `false`, and none of them, when the address would have more than `places_max`.
    pub(crate) fn grow(&mut self, more: usize, places_max: usize) -> bool {
        let mut open = self.crowd.open.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = open.get(&self.who).copied().unwrap_or_default() + more;
        if taken > places_max {
            return false;
        }
        open.insert(self.who, taken);
        self.held += more;
        true
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.crowd.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.who) {
            *count -= self.held;
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
        drop(crowd.stand([192, 0, 2, 1].into()));
        assert!(crowd.open.lock().unwrap().is_empty());
    }

    #[test]
    fn sec_45_what_one_address_holds_is_counted_together() {
        let crowd = Crowd::default();
        let stand = |address: &str| crowd.stand(address.parse().unwrap());
        let (mut one, mut other, mut another) = (stand("192.0.2.1"), stand("192.0.2.1"), stand("192.0.2.2"));
        assert!(one.grow(9, 16) && other.grow(7, 16));
        assert!(!one.grow(1, 16) && !other.grow(1, 16));
        assert!(another.grow(16, 16));
        drop(one);
        assert!(other.grow(9, 16) && !other.grow(1, 16));
    }
}
