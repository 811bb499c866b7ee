//! Free ports of loopback, each kept from other demos as long as this one runs.

use crate::command::Failure;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr as Name, UnixDatagram};

/// How often another port is looked for.
const TRIES: u32 = 20;

/// The ports of this demo. Between the look whether one is free and its use another demo could take it, so each is marked by a name that this
/// machine has once and that goes with the process.
#[derive(Default)]
pub struct Ports {
    marks: Vec<UnixDatagram>,
}

impl Ports {
    /// An address on loopback with this port or, when somebody has it, with any other, which is told.
    pub fn take(&mut self, port: u16, what: &str) -> Result<SocketAddr, Failure> {
        if self.mark(port) {
            return Ok((Ipv4Addr::LOCALHOST, port).into());
        }
        for _ in 0..TRIES {
            let found = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|socket| socket.local_addr());
            let other = found.map_err(|error| Failure::new(format!("cannot listen on loopback: {error}")))?;
            if self.mark(other.port()) {
                let (other_port, taken) = (other.port(), "is taken by another program");
                eprintln!("sealpost: port {port} {taken}, so {what} is at port {other_port} this time");
                return Ok(other);
            }
        }
        Err(Failure::new(format!("there is no free port on loopback for {what}; end a program that has many")))
    }

    /// Whether nobody has it, and now we do.
    fn mark(&mut self, port: u16) -> bool {
        let name = Name::from_abstract_name(format!("sealpost-demo-port-{port}"));
        let Ok(mark) = name.and_then(|name| UnixDatagram::bind_addr(&name)) else { return false };
        let is_free = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
        if is_free {
            self.marks.push(mark);
        }
        is_free
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn two_demos_that_start_at_the_same_time_take_different_ports() {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let (mut one, mut other) = (Ports::default(), Ports::default());
        assert_eq!(one.take(free.port(), "mail").unwrap(), free);
        // Nobody listens there yet.
        assert_ne!(other.take(free.port(), "mail").unwrap(), free);
        drop(one);
        assert_eq!(other.take(free.port(), "mail").unwrap(), free, "it is free again");
        let _there = TcpListener::bind((Ipv4Addr::LOCALHOST, free.port())).unwrap();
        assert_ne!(Ports::default().take(free.port(), "mail").unwrap(), free, "any other program counts, too");
    }
}
