//! The chance of the machine.

pub struct Chance;

impl seal::Random for Chance {
    fn fill(&mut self, bytes: &mut [u8]) {
        aws_lc_rs::rand::fill(bytes).expect("the machine has chance");
    }
}
