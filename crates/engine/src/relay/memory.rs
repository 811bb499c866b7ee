//! The room for mails that are held in memory: whoever finds none is told to come again.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What is counted at a time.
const UNIT_BYTES: usize = 1024;

pub(super) struct Memory {
    units: Arc<Semaphore>,
    units_max: usize,
}

/// Room that is taken; free again when dropped.
#[derive(Default)]
pub(super) struct Room {
    permit: Option<OwnedSemaphorePermit>,
}

impl Memory {
    pub(super) fn new(bytes_max: u64) -> Memory {
        let units_max = usize::try_from(bytes_max).unwrap_or(usize::MAX) / UNIT_BYTES;
        let units_max = units_max.clamp(1, Semaphore::MAX_PERMITS);
        Memory { units: Arc::new(Semaphore::new(units_max)), units_max }
    }

    /// Makes the room as large as so many bytes; `false` where that is more than there is, and it stays as it was.
    pub(super) fn grow(&self, room: &mut Room, bytes: usize) -> bool {
        let held = room.permit.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let Ok(missing) = u32::try_from(bytes.div_ceil(UNIT_BYTES).saturating_sub(held)) else { return false };
        if missing == 0 {
            return true;
        }
        let Ok(more) = self.units.clone().try_acquire_many_owned(missing) else { return false };
        match &mut room.permit {
            Some(permit) => permit.merge(more),
            None => room.permit = Some(more),
        }
        true
    }

    pub(super) fn held_bytes(&self) -> u64 {
        ((self.units_max - self.units.available_permits()) * UNIT_BYTES) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_bounded_and_given_back() {
        let memory = Memory::new(4096);
        let (mut one, mut other) = (Room::default(), Room::default());
        assert!(memory.grow(&mut one, 1) && memory.grow(&mut one, 1024) && memory.grow(&mut one, 3000));
        assert_eq!(memory.held_bytes(), 3072);
        assert!(!memory.grow(&mut other, 2000), "only one unit is left");
        assert_eq!(memory.held_bytes(), 3072);
        drop(one);
        assert!(memory.grow(&mut other, 4096));
        assert!(!memory.grow(&mut other, usize::MAX));
    }
}
