//! Somebody whose keys are the same in every run, so that what the fuzzer found opens again.

use seal::Random;

/// A time at which everything counts.
pub const NOW: u64 = 1_790_000_000;

/// Numbers that everybody can foretell.
pub struct Fixed(pub u64);

impl Random for Fixed {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (self.0 >> 56) as u8;
        }
    }
}
