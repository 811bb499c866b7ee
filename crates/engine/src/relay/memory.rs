//! The room for mails that are held in memory: whoever finds none is told to come again.

use bytes::Bytes;
use policy::{Fault, FaultCode};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What is counted at a time.
const UNIT_BYTES: usize = 1024;

#[derive(Debug)]
pub(super) struct Memory {
    units: Arc<Semaphore>,
    units_max: usize,
}

/// Room that is taken; free again when dropped.
#[derive(Debug, Default)]
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

    /// Makes the room just as large as so many bytes, smaller ones too; `false` where that is more than there is.
    fn fit(&self, room: &mut Room, bytes: usize) -> bool {
        let held = room.permit.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        if let Some(permit) = &mut room.permit {
            drop(permit.split(held.saturating_sub(bytes.div_ceil(UNIT_BYTES))));
        }
        self.grow(room, bytes)
    }

    pub(super) fn held_bytes(&self) -> u64 {
        ((self.units_max - self.units.available_permits()) * UNIT_BYTES) as u64
    }
}

/// Room for one copy that is yet to be made.
#[derive(Debug)]
pub struct CopyRoom {
    memory: Arc<Memory>,
    room: Room,
}

/// A copy with the room that it takes up.
struct Kept {
    copy: Vec<u8>,
    _room: Room,
}

impl AsRef<[u8]> for Kept {
    fn as_ref(&self) -> &[u8] {
        &self.copy
    }
}

impl CopyRoom {
    /// # Errors
    /// Temporary `QueueFull` when there is no such room now; the client is told 452.
    pub(super) fn take(memory: &Arc<Memory>, bytes: usize) -> Result<CopyRoom, Fault> {
        let mut room = Room::default();
        match memory.grow(&mut room, bytes) {
            true => Ok(CopyRoom { memory: memory.clone(), room }),
            false => Err(no_room()),
        }
    }

    /// The copy, which takes up just its own room from now on, until the last who has it is done with it.
    ///
    /// # Errors
    /// Temporary `QueueFull` when it is larger than what was taken, and there is no room for that.
    pub fn keep(mut self, mut copy: Vec<u8>) -> Result<Bytes, Fault> {
        copy.shrink_to_fit();
        match self.memory.fit(&mut self.room, copy.len()) {
            true => Ok(Bytes::from_owner(Kept { copy, _room: self.room })),
            false => Err(no_room()),
        }
    }
}

fn no_room() -> Fault {
    Fault::temporary(FaultCode::QueueFull, "no room in memory for a copy of a relayed mail")
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

    #[test]
    fn a_copy_takes_room_before_it_is_made_and_gives_back_what_it_does_not_need() -> Result<(), Fault> {
        let memory = Arc::new(Memory::new(4096));
        let one = CopyRoom::take(&memory, 3000)?;
        assert!(CopyRoom::take(&memory, 2048).is_err_and(|fault| fault.code == FaultCode::QueueFull));
        let copy = one.keep(vec![1; 1025])?;
        assert_eq!(memory.held_bytes(), 2048);
        assert!(CopyRoom::take(&memory, 1024)?.keep(vec![1; 2049]).is_err(), "larger than thought, and no room for it");
        assert_eq!(CopyRoom::take(&memory, 1024)?.keep(vec![1; 2048])?.len(), 2048);
        let also = copy.clone();
        drop(copy);
        assert_eq!(memory.held_bytes(), 2048);
        drop(also);
        assert_eq!(memory.held_bytes(), 0);
        Ok(())
    }
}
