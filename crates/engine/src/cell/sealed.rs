//! The cell's side of sealing: it does the order, and asks its parent for what needs a private key.

use crate::cell::child::Pipes;
use crate::cell::wire::{Asked, Call, Failure, Hello};
use seal::key::Secret;
use seal::key::asked::Operation;
use seal::order::{OpenOrder, Refusal, SealOrder};
use seal::verdict::Verdict;
use seal::{Random, Trouble};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::cell::RefCell;

/// What is told of a mail, and the mail.
pub(super) struct Told {
    pub(super) value: Vec<u8>,
    pub(super) mail: Vec<u8>,
}

/// The machine's own.
pub(super) struct Chance;

impl Random for Chance {
    fn fill(&mut self, bytes: &mut [u8]) {
        // Without chance nothing may be sealed, and a cell that ends is no answer.
        assert!(aws_lc_rs::rand::fill(bytes).is_ok(), "no random numbers");
    }
}

/// Sets up what needs files or system calls on first use.
pub(super) fn warm() {
    Chance.fill(&mut [0; 16]);
}

/// Keys are asked for over the pipes.
pub(super) fn asking<'p>(pipes: &'p RefCell<&mut Pipes>) -> impl Fn(usize, Operation) -> Result<Secret, Trouble> + 'p {
    |number, operation| {
        let key = u32::try_from(number).map_err(|_| Trouble::KeyRefused)?;
        pipes.borrow_mut().ask(&Asked { key, operation }).ok().flatten().ok_or(Trouble::KeyRefused)
    }
}

pub(super) fn answer(call: &Call, source: &[u8], hello: &Hello, pipes: &mut Pipes) -> Result<Told, Failure> {
    let pipes = RefCell::new(pipes);
    let holder = asking(&pipes);
    match call {
        Call::Open { order_bytes } => {
            let (order, mail) = order::<OpenOrder>(source, *order_bytes)?;
            match order.carry_out(mail, &holder, &mut Chance) {
                Ok(opened) => told(Ok::<Verdict, Refusal>(opened.verdict), opened.mail, hello),
                Err(trouble) => told(Err::<Verdict, Refusal>(trouble.into()), Vec::new(), hello),
            }
        }
        Call::Seal { order_bytes } => {
            let (order, mail) = order::<SealOrder>(source, *order_bytes)?;
            match order.carry_out(mail, &holder, &mut Chance) {
                Ok(mail) => told(Ok::<(), Refusal>(()), mail, hello),
                Err(trouble) => told(Err::<(), Refusal>(trouble.into()), Vec::new(), hello),
            }
        }
        _ => Err(Failure::AnswerTooLarge),
    }
}

fn order<T: DeserializeOwned>(source: &[u8], bytes: u32) -> Result<(T, &[u8]), Failure> {
    let (order, mail) = source.split_at_checked(bytes as usize).ok_or(Failure::AnswerTooLarge)?;
    Ok((postcard::from_bytes(order).map_err(|_| Failure::AnswerTooLarge)?, mail))
}

fn told(value: impl Serialize, mail: Vec<u8>, hello: &Hello) -> Result<Told, Failure> {
    let value = postcard::to_stdvec(&value).map_err(|_| Failure::AnswerTooLarge)?;
    if value.len() as u64 > hello.answer_bytes_max {
        return Err(Failure::AnswerTooLarge);
    }
    if mail.len() as u64 > hello.part_bytes_max {
        return Err(Failure::PartTooLarge);
    }
    Ok(Told { value, mail })
}
