//! Counts the look-ups about one mail and refuses those beyond the bound (SEC-07).
//!
//! It stands where the library has its cache: asked before every look-up, told of every answer. It remembers nothing;
//! the resolver does.

use mail_auth::{DnsError, DnssecStatus, Error, MX, Parameters, RecordSet, ResolverCache, Txt};
use std::borrow::Borrow;
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

/// Look-ups about one mail: signatures, ARC, and the walk up to each DMARC record.
pub const LOOK_UPS_MAX: u32 = 100;

/// One mail's look-ups so far.
#[derive(Default)]
pub(super) struct Meter {
    asked: AtomicU32,
}

/// What the library takes for its caches of every kind.
pub(super) type Metered<'m, P, M> = Parameters<'m, P, M, M, M, M, M>;

impl Meter {
    pub(super) fn is_exhausted(&self) -> bool {
        self.asked.load(Ordering::Relaxed) > LOOK_UPS_MAX
    }

    /// Parameters whose look-ups are counted here.
    pub(super) fn parameters<P>(&self, params: P) -> Metered<'_, P, Meter> {
        metered(params, self)
    }

    fn may_ask(&self) -> bool {
        self.asked.fetch_add(1, Ordering::Relaxed) < LOOK_UPS_MAX
    }
}

/// Parameters in which `counter` stands for every cache.
pub(super) fn metered<P, M>(params: P, counter: &M) -> Metered<'_, P, M>
where
    M: ResolverCache<Box<str>, Txt>
        + ResolverCache<Box<str>, RecordSet<MX>>
        + ResolverCache<Box<str>, RecordSet<Ipv4Addr>>
        + ResolverCache<Box<str>, RecordSet<Ipv6Addr>>
        + ResolverCache<IpAddr, RecordSet<Box<str>>>,
{
    Parameters {
        params,
        cache_txt: Some(counter),
        cache_mx: Some(counter),
        cache_ptr: Some(counter),
        cache_ipv4: Some(counter),
        cache_ipv6: Some(counter),
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Txt,
    Mx,
    A,
    Aaaa,
    Ptr,
}

/// An answer that the library asks a cache for.
pub(super) trait Answer {
    const KIND: Kind;

    /// What is answered in place of a look-up that is refused.
    fn refused() -> Self;
}

impl Answer for Txt {
    const KIND: Kind = Kind::Txt;

    fn refused() -> Txt {
        Txt::Error(Error::Dns(DnsError::InvalidRecordType))
    }
}

macro_rules! answers {
    ($($record:ty = $kind:ident,)*) => {
        $(impl Answer for RecordSet<$record> {
            const KIND: Kind = Kind::$kind;

            fn refused() -> RecordSet<$record> {
                RecordSet { rrset: Vec::new().into(), dnssec_status: DnssecStatus::Indeterminate }
            }
        })*
    };
}

answers! { MX = Mx, Ipv4Addr = A, Ipv6Addr = Aaaa, Box<str> = Ptr, }

impl<K, V: Answer> ResolverCache<K, V> for Meter {
    fn get<Q>(&self, _: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        (!self.may_ask()).then(V::refused)
    }

    fn remove<Q>(&self, _: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        None
    }

    fn insert(&self, _: K, _: V, _: Instant) {}
}
