//! Free ports on loopback that stay the same when a server is started again.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the range from which Linux takes the ports of outgoing connections, so that none of those gets in the way.
const FIRST: u16 = 10_000;
const COUNT: u16 = 22_000;
/// Tests run as processes of their own; neighbours begin to look at places this far apart.
const STRIDE: u32 = 61;

static NEXT: AtomicU16 = AtomicU16::new(0);

/// An address that nobody listened on a moment ago. Panics when there is none.
pub fn free() -> SocketAddr {
    let begin = std::process::id().wrapping_mul(STRIDE) % u32::from(COUNT);
    for _ in 0..COUNT {
        let offset = begin + u32::from(NEXT.fetch_add(1, Ordering::Relaxed));
        // Below COUNT, which fits.
        let port = FIRST + (offset % u32::from(COUNT)) as u16;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
    panic!("no free port on loopback")
}
