//! Room on the disk: mail is refused before the disk is full, so that what was taken can still be worked on.

use policy::{Fault, FaultCode};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a measurement stays good.
const MEASURED_FOR: Duration = Duration::from_secs(1);

/// The folders whose disks must have room.
pub(crate) struct Room {
    folders: Vec<PathBuf>,
    free_bytes_min: u64,
    measured: Mutex<Option<(Instant, u64)>>,
}

impl Room {
    pub(crate) fn new(folders: Vec<PathBuf>, free_bytes_min: u64) -> Room {
        Room { folders, free_bytes_min, measured: Mutex::new(None) }
    }

    /// `DiskFull` when one of the disks has fewer free bytes than demanded.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        let free = self.free_bytes()?;
        if free < self.free_bytes_min {
            let why = format!("{free} bytes are free, {} are demanded", self.free_bytes_min);
            return Err(Fault::temporary(FaultCode::DiskFull, why));
        }
        Ok(())
    }

    fn free_bytes(&self) -> Result<u64, Fault> {
        let mut measured = self.measured.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, free)) = *measured
            && at.elapsed() < MEASURED_FOR
        {
            return Ok(free);
        }
        let mut least = u64::MAX;
        for folder in &self.folders {
            let disk = rustix::fs::statvfs(folder.as_path()).map_err(|error| {
                Fault::temporary(FaultCode::BlobUnavailable, format!("measuring the disk: {error}"))
            })?;
            least = least.min(disk.f_bavail.saturating_mul(disk.f_frsize));
        }
        *measured = Some((Instant::now(), least));
        Ok(least)
    }
}
