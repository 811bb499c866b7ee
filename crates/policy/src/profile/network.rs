//! Networks: which clients a profile trusts.

use core::net::IpAddr;

/// An address, or all addresses that begin with the same bits (RFC 4632, section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    /// `10.1.0.0/16`, `2001:db8::/32`, or one address; `None` for anything else.
    pub(crate) fn read(text: &str) -> Option<Network> {
        let (address, bits) = match text.trim().split_once('/') {
            Some((address, bits)) => (address.parse().ok()?, Some(bits.parse().ok()?)),
            None => (text.trim().parse().ok()?, None),
        };
        let all = width(address);
        Some(Network { address, bits: bits.unwrap_or(all) }).filter(|network| network.bits <= all)
    }

    pub(crate) fn holds(self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let shift = width(self.address) - self.bits;
        let begin = |address: IpAddr| match address {
            IpAddr::V4(v4) => u128::from(v4.to_bits()).checked_shr(shift).unwrap_or_default(),
            IpAddr::V6(v6) => v6.to_bits().checked_shr(shift).unwrap_or_default(),
        };
        self.address.is_ipv4() == address.is_ipv4() && begin(self.address) == begin(address)
    }
}

fn width(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::Network;

    #[test]
    fn a_network_holds_what_begins_alike() {
        let holds = |network: &str, address: &str| Network::read(network).unwrap().holds(address.parse().unwrap());
        assert!(holds("10.1.0.0/16", "10.1.255.3") && holds("10.1.0.0/16", "::ffff:10.1.2.3"));
        assert!(!holds("10.1.0.0/16", "10.2.0.0") && !holds("10.1.0.0/16", "2001:db8::1"));
        assert!(holds("0.0.0.0/0", "192.0.2.1") && holds("::/0", "2001:db8::1") && !holds("::/0", "192.0.2.1"));
        assert!(holds("2001:db8::/32", "2001:db8:1::1") && holds("192.0.2.1", "192.0.2.1"));
        for wrong in ["", "10.1.0.0/33", "10.1", "10.1.0.0/x", "::/129", "host"] {
            assert_eq!(Network::read(wrong), None, "{wrong}");
        }
    }
}
