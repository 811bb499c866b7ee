//! Which addresses a request may go to (SEC-36).

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Is this an address of the public Internet? Everything that the registries of special-purpose addresses (RFC 6890) keep for
/// other ends is not, nor is an IPv6 address that carries such an IPv4 address.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = match a {
        // This network, private, loopback, multicast, reserved and broadcast.
        0 | 10 | 127 | 224..=255 => true,
        // Shared between carrier and customer (RFC 6598).
        100 => (64..128).contains(&b),
        // Link-local; clouds serve their machines' credentials here.
        169 => b == 254,
        172 => (16..32).contains(&b),
        // Private, IETF protocols, documentation, the former 6to4 relays.
        192 => b == 168 || (b == 0 && (c == 0 || c == 2)) || (b == 88 && c == 99),
        // Benchmarks and documentation.
        198 => b == 18 || b == 19 || (b == 51 && c == 100),
        203 => b == 0 && c == 113,
        _ => false,
    };
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let s = address.segments();
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match s {
        // Mapped IPv4, and NAT64 with the well-known prefix (RFC 6052).
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low),
        // 6to4 (RFC 3056).
        [0x2002, high, low, ..] => embedded(high, low),
        // IETF protocols, Teredo among them, and documentation.
        [0x2001, second, ..] if second < 0x200 || second == 0xdb8 => false,
        [0x3fff, second, ..] if second < 0x1000 => false,
        // Outside 2000::/3 nothing is public: loopback, unique local, link-local, multicast, translation of local use.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

/// How far requests may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Only to the public Internet.
    Public,
    /// Only to this machine; for plain HTTP.
    Loopback,
    /// Anywhere, because the settings say so, or to a proxy, which then decides.
    Anywhere,
}

/// An address outside the reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal(pub IpAddr);

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the address {} is not one that this site may be reached at", self.0)
    }
}

impl std::error::Error for Refusal {}

impl Reach {
    /// Refuses all when one of them is out of reach: a name that also points inside is no name to be trusted.
    pub fn check(self, addresses: &[IpAddr]) -> Result<(), Refusal> {
        let within = |address: &IpAddr| match self {
            Reach::Public => is_public(*address),
            Reach::Loopback => address.to_canonical().is_loopback(),
            Reach::Anywhere => true,
        };
        addresses.iter().find(|address| !within(address)).map_or(Ok(()), |address| Err(Refusal(*address)))
    }
}

/// Resolves names for the HTTP client and hands out only addresses within reach.
///
/// The connection is made to exactly the addresses that were checked, so a name that changes its mind in between gains nothing.
pub(super) struct CheckedResolver {
    pub(super) reach: Reach,
}

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.reach;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            reach.check(&found.iter().map(SocketAddr::ip).collect::<Vec<_>>())?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Each is the first or last address of its range, so that a range that is one too small shows.
    const SPECIAL: &[&str] = &[
        "0.0.0.0",
        "0.255.255.255",
        "10.0.0.0",
        "10.255.255.255",
        "100.64.0.0",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.0.0",
        "169.254.169.254",
        "169.254.255.255",
        "172.16.0.0",
        "172.31.255.255",
        "192.0.0.0",
        "192.0.0.255",
        "192.0.2.0",
        "192.0.2.255",
        "192.88.99.1",
        "192.168.0.0",
        "192.168.255.255",
        "198.18.0.0",
        "198.19.255.255",
        "198.51.100.0",
        "198.51.100.255",
        "203.0.113.0",
        "203.0.113.255",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.0",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:10.1.2.3",
        "::ffff:169.254.169.254",
        "::ffff:0:7f00:1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:0:7f00:1::",
        "2001:1ff::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "2002:a9fe:a9fe::",
        "3fff::1",
        "3fff:fff::1",
        "5f00::1",
        "fc00::1",
        "fdff::1",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
        "1fff::1",
        "4000::1",
    ];

    const PUBLIC: &[&str] = &[
        "1.1.1.1",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "191.255.255.255",
        "192.0.1.0",
        "192.0.3.0",
        "192.88.98.1",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "198.51.99.1",
        "203.0.112.1",
        "223.255.255.255",
        "2000::1",
        "2001:200::1",
        "2001:4860:4860::8888",
        "2606:4700::1",
        "3ffe::1",
        "3fff:1000::1",
        "::ffff:1.1.1.1",
        "64:ff9b::1.1.1.1",
        "2002:101:101::1",
    ];

    #[test]
    fn sec_36_every_special_range_is_refused_and_nothing_beside_it() {
        for text in SPECIAL {
            let address: IpAddr = text.parse().unwrap();
            assert_eq!(Reach::Public.check(&[address]), Err(Refusal(address)), "{text}");
        }
        for text in PUBLIC {
            let address: IpAddr = text.parse().unwrap();
            assert_eq!(Reach::Public.check(&[address]), Ok(()), "{text}");
        }
    }

    #[test]
    fn sec_36_one_private_address_among_public_ones_refuses_them_all() {
        let [public, private] = ["1.1.1.1".parse().unwrap(), "10.0.0.1".parse().unwrap()];
        assert_eq!(Reach::Public.check(&[public, private]), Err(Refusal(private)));
        assert_eq!(Reach::Loopback.check(&["127.0.0.1".parse().unwrap(), "::1".parse().unwrap()]), Ok(()));
        assert_eq!(Reach::Loopback.check(&[public]), Err(Refusal(public)));
        assert_eq!(Reach::Anywhere.check(&[public, private]), Ok(()));
    }

    #[tokio::test]
    async fn sec_36_a_name_that_points_inside_is_refused_when_it_is_resolved() {
        let resolve = |reach| CheckedResolver { reach }.resolve("localhost".parse().unwrap());
        assert!(resolve(Reach::Public).await.err().unwrap().is::<Refusal>());
        assert!(resolve(Reach::Loopback).await.unwrap().count() > 0);
    }
}
