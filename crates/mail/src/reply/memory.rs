//! What was found out of a line or of joined lines, once: text that was made to hurt repeats itself.

use super::attribution;
use super::line::{self, Class, LINE_BYTES_MAX};
use std::cell::RefCell;
use std::collections::HashMap;

/// Different texts that are remembered; what comes after them is worked out each time.
const TEXTS_MAX: usize = 4096;

/// The classes and attributions of one text.
#[derive(Default)]
pub(super) struct Memory {
    classes: RefCell<HashMap<String, Class>>,
    attributions: RefCell<HashMap<String, bool>>,
}

impl Memory {
    pub(super) fn classify(&self, line: &str) -> Class {
        // Its first character alone decides.
        if line.len() > LINE_BYTES_MAX {
            return line::classify(line);
        }
        remember(&self.classes, line, line::classify)
    }

    pub(super) fn is_attribution(&self, joined: &str) -> bool {
        remember(&self.attributions, joined, attribution::is_attribution)
    }
}

fn remember<T: Copy>(known: &RefCell<HashMap<String, T>>, text: &str, work: impl Fn(&str) -> T) -> T {
    let mut known = known.borrow_mut();
    if let Some(found) = known.get(text) {
        return *found;
    }
    let found = work(text);
    if known.len() < TEXTS_MAX {
        known.insert(text.to_owned(), found);
    }
    found
}
