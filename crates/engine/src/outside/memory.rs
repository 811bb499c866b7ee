//! What sources said, remembered for a while: keys, that there are none, and that they could not be asked. Each question is on its way once.

use super::found::Finds;
use super::source::Unfound;
use policy::sealing::Scheme;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Questions that are remembered, and bytes of the answers to them; beyond, all are forgotten that nobody is asking just now.
const QUESTIONS_MAX: usize = 10_000;
const BYTES_MAX: usize = 64 << 20;
/// A source that could not be asked is left alone for so long.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// For how long something is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lives {
    /// That there are keys.
    pub keys: Duration,
    /// That there are none.
    pub none: Duration,
    /// So much longer keys count while the source cannot be asked.
    pub stale: Duration,
}

/// Keys of which scheme, and whose.
pub(super) type Asked = (Scheme, String);

#[derive(Default)]
struct Memo {
    known: Option<(Instant, Arc<Finds>)>,
    failed: Option<(Instant, Unfound)>,
}

#[derive(Default)]
struct Place {
    memo: tokio::sync::Mutex<Memo>,
    /// What its memo holds.
    bytes: AtomicUsize,
}

type Slot = Arc<Place>;

/// What one source said.
pub(super) struct Memory {
    lives: Lives,
    slots: Mutex<HashMap<Asked, Slot>>,
}

impl Memory {
    pub(super) fn new(lives: Lives) -> Memory {
        Memory { lives, slots: Mutex::default() }
    }

    /// What is known of an address, or what `look` finds; of several who want to know at once one looks.
    pub(super) async fn or_look(
        &self,
        asked: &Asked,
        look: impl AsyncFnOnce() -> Result<Finds, Unfound>,
    ) -> Result<Arc<Finds>, Unfound> {
        let slot = self.slot(asked);
        let mut memo = slot.memo.lock().await;
        let lives = |finds: &Finds| if finds.is_empty() { self.lives.none } else { self.lives.keys };
        if let Some((at, finds)) = &memo.known
            && at.elapsed() < lives(finds)
        {
            return Ok(finds.clone());
        }
        let failed = memo.failed.filter(|(at, _)| at.elapsed() < ASK_AGAIN_AFTER);
        let unfound = match failed {
            Some((_, unfound)) => unfound,
            None => match look().await {
                Ok(found) => {
                    let finds = Arc::new(found);
                    *memo = Memo { known: Some((Instant::now(), finds.clone())), failed: None };
                    slot.bytes.store(finds.size_bytes(), Ordering::Relaxed);
                    return Ok(finds);
                }
                Err(unfound) => {
                    memo.failed = Some((Instant::now(), unfound));
                    unfound
                }
            },
        };
        match &memo.known {
            // That there was no key is no reason to believe that there is none now.
            Some((at, finds)) if !finds.is_empty() && at.elapsed() < self.lives.keys + self.lives.stale => {
                Ok(finds.clone())
            }
            _ => Err(unfound),
        }
    }

    /// Whoever could not be asked may be asked again at once.
    pub(super) fn forgive(&self) {
        let slots: Vec<Slot> = self.slots.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        for slot in slots {
            // One that is locked is being asked.
            if let Ok(mut memo) = slot.memo.try_lock() {
                memo.failed = None;
            }
        }
    }

    fn slot(&self, asked: &Asked) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if !slots.contains_key(asked) && is_full(&slots) {
            slots.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        slots.entry(asked.clone()).or_default().clone()
    }
}

fn is_full(slots: &HashMap<Asked, Slot>) -> bool {
    let bytes = || slots.values().map(|slot| slot.bytes.load(Ordering::Relaxed)).sum::<usize>();
    slots.len() >= QUESTIONS_MAX || bytes() >= BYTES_MAX
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn memory() -> Memory {
        Memory::new(Lives { keys: 24 * HOUR, none: HOUR, stale: 48 * HOUR })
    }

    fn asked(address: &str) -> Asked {
        (Scheme::Pgp, address.to_owned())
    }

    /// How many bytes it has, and whether it was asked.
    async fn told(memory: &Memory, says: Result<Finds, Unfound>) -> (Result<usize, Unfound>, bool) {
        let mut was_asked = false;
        let found = memory
            .or_look(&asked("ann@a.example"), async || {
                was_asked = true;
                says
            })
            .await;
        (found.map(|finds| finds.size_bytes()), was_asked)
    }

    const DOWN: Result<Finds, Unfound> = Err(Unfound::Lost);

    fn key() -> Result<Finds, Unfound> {
        Ok(Finds::pgp(vec![vec![1]], true))
    }

    #[tokio::test(start_paused = true)]
    async fn keys_live_longer_than_their_absence_and_outlive_a_source_that_is_down() {
        let memory = memory();
        assert_eq!(told(&memory, Ok(Finds::default())).await, (Ok(0), true));
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
        assert_eq!(told(&memory, Ok(Finds::default())).await, (Ok(0), true), "it was taken away");
    }

    #[tokio::test(start_paused = true)]
    async fn a_question_is_on_its_way_once() {
        let (memory, times) = (memory(), AtomicUsize::new(0));
        let look = async || {
            times.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_secs(1)).await;
            key()
        };
        let ann = asked("ann@a.example");
        let all = futures_util::future::join_all((0..20).map(|_| memory.or_look(&ann, look))).await;
        assert!(all.into_iter().all(|found| found.unwrap().size_bytes() == 1));
        assert_eq!(times.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn a_directory_that_says_much_is_not_remembered_without_end() {
        let memory = memory();
        let large = || Ok(Finds::pgp(vec![vec![0; BYTES_MAX / 4]], true));
        for number in 0..40 {
            memory.or_look(&asked(&format!("{number}@a.example")), async || large()).await.unwrap();
        }
        let slots = memory.slots.lock().unwrap();
        let held: usize = slots.values().map(|slot| slot.bytes.load(Ordering::Relaxed)).sum();
        assert!(held <= BYTES_MAX, "{held}");
        assert!(slots.contains_key(&asked("39@a.example")));
    }
}
