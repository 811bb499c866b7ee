//! Wrong passwords counted over all connections, by client and by account, so that guessing stays slow (SEC-43).

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::limits::network;

/// Wrong passwords are forgotten this long after the first of them.
pub(super) const GUESSES_FORGOTTEN_AFTER_S: u64 = 15 * 60;

/// Wrong passwords from one client in that time. Loopback and local sockets are spared: all programs of this machine
/// come from there, and one with an old password must not lock out the others.
pub(super) const GUESSES_PER_CLIENT_MAX: u32 = 20;

/// Wrong passwords for one account in that time, wherever they come from.
pub(super) const GUESSES_PER_ACCOUNT_MAX: u32 = 100;

/// Clients and accounts that are remembered; beyond it the oldest is forgotten.
const REMEMBERED_MAX: usize = 10_000;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Whom {
    Client(IpAddr),
    /// The hash of a name under a key of this process, so that no list of names lies in memory.
    Account(u64),
}

struct Wrong {
    count: u32,
    since: Instant,
}

/// Who has guessed how often.
#[derive(Default)]
pub(super) struct Guesses {
    key: RandomState,
    wrong: Mutex<HashMap<Whom, Wrong>>,
}

impl Guesses {
    /// Whether this client or this account has used up its guesses; then the password is not even looked at.
    pub(super) fn used_up(&self, ip: Option<IpAddr>, user: &str) -> bool {
        let wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        self.whom(ip, user).into_iter().any(|(whom, most)| {
            wrong.get(&whom).is_some_and(|wrong| wrong.count >= most && !is_forgotten(wrong, Instant::now()))
        })
    }

    /// Remembers a wrong password.
    pub(super) fn note(&self, ip: Option<IpAddr>, user: &str) {
        let now = Instant::now();
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        for (whom, _) in self.whom(ip, user) {
            if wrong.len() >= REMEMBERED_MAX && !wrong.contains_key(&whom) {
                make_room(&mut wrong, now);
            }
            let entry = wrong.entry(whom).or_insert(Wrong { count: 0, since: now });
            if is_forgotten(entry, now) {
                *entry = Wrong { count: 0, since: now };
            }
            entry.count = entry.count.saturating_add(1);
        }
    }

    fn whom(&self, ip: Option<IpAddr>, user: &str) -> Vec<(Whom, u32)> {
        let account = Whom::Account(self.key.hash_one(user));
        let client = ip.map(network).filter(|ip| !ip.is_loopback()).map(Whom::Client);
        let client = client.map(|client| (client, GUESSES_PER_CLIENT_MAX));
        client.into_iter().chain([(account, GUESSES_PER_ACCOUNT_MAX)]).collect()
    }
}

fn is_forgotten(wrong: &Wrong, now: Instant) -> bool {
    now.saturating_duration_since(wrong.since) >= Duration::from_secs(GUESSES_FORGOTTEN_AFTER_S)
}

fn make_room(wrong: &mut HashMap<Whom, Wrong>, now: Instant) {
    wrong.retain(|_, wrong| !is_forgotten(wrong, now));
    if wrong.len() >= REMEMBERED_MAX
        && let Some(oldest) = wrong.iter().min_by_key(|(_, wrong)| wrong.since).map(|(whom, _)| *whom)
    {
        wrong.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tokio::time::advance;

    const HERE: [u8; 4] = [127, 0, 0, 1];

    #[tokio::test(start_paused = true)]
    async fn sec_43_a_client_runs_out_of_guesses_and_gets_new_ones() {
        let guesses = Guesses::default();
        let client = Some(IpAddr::from([192, 0, 2, 1]));
        for number in 0..GUESSES_PER_CLIENT_MAX {
            assert!(!guesses.used_up(client, "ann"), "{number}");
            guesses.note(client, &format!("user{number}"));
        }
        assert!(guesses.used_up(client, "ann"), "whatever the name");
        assert!(!guesses.used_up(Some([192, 0, 2, 2].into()), "ann"), "another client");
        advance(Duration::from_secs(GUESSES_FORGOTTEN_AFTER_S)).await;
        assert!(!guesses.used_up(client, "ann"));
        guesses.note(client, "ann");
        assert!(!guesses.used_up(client, "ann"), "counted anew");
    }

    #[tokio::test(start_paused = true)]
    async fn sec_43_an_account_is_guarded_against_many_clients() {
        let guesses = Guesses::default();
        for number in 0..GUESSES_PER_ACCOUNT_MAX {
            guesses.note(Some([192, 0, 2, number as u8].into()), "ann");
        }
        assert!(guesses.used_up(Some([198, 51, 100, 1].into()), "ann"));
        assert!(!guesses.used_up(Some([198, 51, 100, 1].into()), "bob"));
        (0..GUESSES_PER_CLIENT_MAX).for_each(|_| guesses.note(Some(HERE.into()), "script"));
        assert!(!guesses.used_up(Some(HERE.into()), "bob"), "this machine's programs do not lock each other out");
    }

    #[tokio::test(start_paused = true)]
    async fn sec_43_the_memory_of_guesses_is_bounded() {
        let guesses = Guesses::default();
        for number in 0..REMEMBERED_MAX + 100 {
            guesses.note(None, &format!("user{number}"));
        }
        assert_eq!(guesses.wrong.lock().unwrap().len(), REMEMBERED_MAX);
    }
}
