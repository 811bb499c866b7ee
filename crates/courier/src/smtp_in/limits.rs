//! What a stranger may cost the listener: fixed limits, and the seats that connections take.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// Octets of a command line with its CRLF. RFC 5321, section 4.5.3.1.4, asks for 512; the parameters of SIZE, AUTH,
/// BODY and SMTPUTF8 and long UTF-8 addresses need the rest.
pub(super) const COMMAND_LINE_BYTES_MAX: usize = 1000;

/// Octets that an idle connection keeps for input: a pipelined group of commands.
pub(super) const COMMAND_BUFFER_BYTES: usize = 8 * 1024;

/// Octets that a connection keeps for input while a mail arrives; with the output batch all that it ever holds.
pub(super) const DATA_BUFFER_BYTES: usize = 64 * 1024;

/// Replies to pipelined commands are sent at the latest when their batch is this long.
pub(super) const REPLY_BATCH_BYTES_MAX: usize = 16 * 1024;

/// How far beyond `size_bytes_max` a mail is read to its end so that the client hears 552; then we hang up.
pub(super) const DRAIN_BYTES_MAX: u64 = 10 * 1024 * 1024;

/// A mail that comes slower than this on average, `data_timeout_s` apart, is a slowloris.
pub(super) const DATA_BYTES_PER_S_MIN: u64 = 1024;

/// Commands without effect (NOOP, RSET, VRFY, HELP, EHLO, those answered with 4xx) between two mails; those beyond count
/// as errors. Larger than any list of recipients whose end hears 452.
pub(super) const IDLE_COMMANDS_MAX: u32 = 1000;

/// Wrong passwords on one connection.
pub(super) const AUTH_FAILURES_MAX: u32 = 3;

/// A wrong password is answered after this time, so that guessing is slow.
pub(super) const AUTH_FAILURE_DELAY_S: u64 = 3;

/// A TLS handshake takes at most this long.
pub(super) const TLS_HANDSHAKE_TIMEOUT_S: u64 = 30;

/// The gate answers within this time or the client hears 451 and tries again; its retry is known by digest.
pub(super) const GATE_TIMEOUT_S: u64 = 300;

/// The goodbye is written within this time.
pub(super) const GOODBYE_TIMEOUT_S: u64 = 5;

/// After hanging up we read on for this long: closing with unread octets would take our last reply away from the client.
pub(super) const LINGER_S: u64 = 1;

/// And for at most this many octets.
pub(super) const LINGER_BYTES_MAX: usize = 1024 * 1024;

/// After a failed accept (file descriptors used up) the listener breathes this long instead of spinning.
pub(super) const ACCEPT_PAUSE_MS: u64 = 100;

/// Counts who is connected.
#[derive(Debug)]
pub(super) struct Seats {
    connections_max: usize,
    connections_per_ip_max: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_ip: HashMap<IpAddr, usize>,
}

/// A connection's place; free again when dropped.
#[derive(Debug)]
pub(super) struct Seat {
    seats: Arc<Seats>,
    ip: Option<IpAddr>,
}

impl Seats {
    pub(super) fn new(connections_max: usize, connections_per_ip_max: usize) -> Arc<Seats> {
        Arc::new(Seats { connections_max, connections_per_ip_max, taken: Mutex::default() })
    }

    /// A seat, or none when all are taken, in total or for this client. A local socket has no address and only counts
    /// in total.
    pub(super) fn take(self: &Arc<Self>, ip: Option<IpAddr>) -> Option<Seat> {
        let ip = ip.map(network);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.all >= self.connections_max {
            return None;
        }
        if let Some(ip) = ip {
            let own = taken.by_ip.entry(ip).or_default();
            if *own >= self.connections_per_ip_max {
                return None;
            }
            *own += 1;
        }
        taken.all += 1;
        Some(Seat { seats: Arc::clone(self), ip })
    }

    pub(super) fn taken(&self) -> usize {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).all
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all -= 1;
        if let Some(ip) = self.ip
            && let Some(own) = taken.by_ip.get_mut(&ip)
        {
            *own -= 1;
            if *own == 0 {
                taken.by_ip.remove(&ip);
            }
        }
    }
}

/// One subscriber's addresses count as one: of IPv6 the /64, of which a single client holds 2^64.
pub(super) fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(ip) => IpAddr::V4(ip),
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn seats_are_counted_per_client_and_in_total() {
        let seats = Seats::new(3, 2);
        let one: IpAddr = "192.0.2.1".parse().unwrap();
        let first = seats.take(Some(one)).unwrap();
        let _second = seats.take(Some("::ffff:192.0.2.1".parse().unwrap())).unwrap();
        assert!(seats.take(Some(one)).is_none(), "a mapped address is the same client");
        let _third = seats.take(None).unwrap();
        assert!(seats.take(None).is_none());
        drop(first);
        assert_eq!(seats.taken(), 2);
        assert!(seats.take(Some(one)).is_some());
    }

    #[test]
    fn an_ipv6_client_is_its_network() {
        let seats = Seats::new(9, 1);
        let _seat = seats.take(Some("2001:db8::1".parse().unwrap())).unwrap();
        assert!(seats.take(Some("2001:db8::ffff:2".parse().unwrap())).is_none());
        assert!(seats.take(Some("2001:db8:0:1::1".parse().unwrap())).is_some());
    }
}
