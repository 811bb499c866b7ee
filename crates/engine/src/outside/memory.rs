//! What sources said, remembered for a while: keys, that there are none, and that they could not be asked. Each question is on its way once.

use super::source::Unfound;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Addresses that are remembered; beyond, all are forgotten about whom nobody is asking just now.
const ADDRESSES_MAX: usize = 10_000;
/// A source that could not be asked is left alone for so long.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// For how long something is known.
#[derive(Debug, Clone, Copy)]
pub struct Lives {
    /// That there are keys.
    pub keys: Duration,
    /// That there are none.
    pub none: Duration,
    /// So much longer keys count while the source cannot be asked.
    pub stale: Duration,
}

/// Certificates as bytes: what is found of one address.
pub(super) type Files = Arc<Vec<Vec<u8>>>;

#[derive(Default)]
struct Memo {
    known: Option<(Instant, Files)>,
    failed: Option<(Instant, Unfound)>,
}

type Slot = Arc<tokio::sync::Mutex<Memo>>;

/// What one source said.
pub(super) struct Memory {
    lives: Lives,
    slots: Mutex<HashMap<String, Slot>>,
}

impl Memory {
    pub(super) fn new(lives: Lives) -> Memory {
        Memory { lives, slots: Mutex::default() }
    }

    /// What is known of an address, or what `look` finds; of several who want to know at once one looks.
    pub(super) async fn or_look(
        &self,
        address: &str,
        look: impl AsyncFnOnce() -> Result<Vec<Vec<u8>>, Unfound>,
    ) -> Result<Files, Unfound> {
        let slot = self.slot(address);
        let mut memo = slot.lock().await;
        let lives = |files: &Files| if files.is_empty() { self.lives.none } else { self.lives.keys };
        if let Some((at, files)) = &memo.known
            && at.elapsed() < lives(files)
        {
            return Ok(files.clone());
        }
        let failed = memo.failed.filter(|(at, _)| at.elapsed() < ASK_AGAIN_AFTER);
        let unfound = match failed {
            Some((_, unfound)) => unfound,
            None => match look().await {
                Ok(found) => {
                    let files = Arc::new(found);
                    *memo = Memo { known: Some((Instant::now(), files.clone())), failed: None };
                    return Ok(files);
                }
                Err(unfound) => {
                    memo.failed = Some((Instant::now(), unfound));
                    unfound
                }
            },
        };
        match &memo.known {
            // That there was no key is no reason to believe that there is none now.
            Some((at, files)) if !files.is_empty() && at.elapsed() < self.lives.keys + self.lives.stale => {
                Ok(files.clone())
            }
            _ => Err(unfound),
        }
    }

    fn slot(&self, address: &str) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= ADDRESSES_MAX && !slots.contains_key(address) {
            slots.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        slots.entry(address.to_owned()).or_default().clone()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    const HOUR: Duration = Duration::from_secs(3600);

    fn memory() -> Memory {
        Memory::new(Lives { keys: 24 * HOUR, none: HOUR, stale: 48 * HOUR })
    }

    async fn told(memory: &Memory, says: Result<Vec<Vec<u8>>, Unfound>) -> (Result<usize, Unfound>, bool) {
        let mut was_asked = false;
        let found = memory
            .or_look("ann@a.example", async || {
                was_asked = true;
                says
            })
            .await;
        (found.map(|files| files.len()), was_asked)
    }

    const DOWN: Result<Vec<Vec<u8>>, Unfound> = Err(Unfound::Lost);

    fn key() -> Result<Vec<Vec<u8>>, Unfound> {
        Ok(vec![vec![1]])
    }

    #[tokio::test(start_paused = true)]
    async fn keys_live_longer_than_their_absence_and_outlive_a_source_that_is_down() {
        let memory = memory();
        assert_eq!(told(&memory, Ok(Vec::new())).await, (Ok(0), true));
        tokio::time::advance(HOUR - Duration::from_secs(1)).await;
        assert_eq!(told(&memory, key()).await, (Ok(0), false));
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(told(&memory, DOWN).await, (Err(Unfound::Lost), true), "that there was none says nothing now");
        assert_eq!(told(&memory, key()).await, (Err(Unfound::Lost), false), "it is left alone for a minute");
        tokio::time::advance(ASK_AGAIN_AFTER).await;
        assert_eq!(told(&memory, key()).await, (Ok(1), true));
        tokio::time::advance(24 * HOUR - Duration::from_secs(1)).await;
        assert_eq!(told(&memory, DOWN).await, (Ok(1), false));
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(told(&memory, DOWN).await, (Ok(1), true));
        assert_eq!(told(&memory, key()).await, (Ok(1), false));
        tokio::time::advance(48 * HOUR).await;
        assert_eq!(told(&memory, DOWN).await, (Err(Unfound::Lost), true), "for too long");
        tokio::time::advance(ASK_AGAIN_AFTER).await;
        assert_eq!(told(&memory, Ok(Vec::new())).await, (Ok(0), true), "it was taken away");
    }

    #[tokio::test(start_paused = true)]
    async fn a_question_is_on_its_way_once() {
        let (memory, asked) = (memory(), AtomicUsize::new(0));
        let look = async || {
            asked.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_secs(1)).await;
            key()
        };
        let all = futures_util::future::join_all((0..20).map(|_| memory.or_look("ann@a.example", look))).await;
        assert!(all.into_iter().all(|found| found.unwrap().len() == 1));
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }
}
