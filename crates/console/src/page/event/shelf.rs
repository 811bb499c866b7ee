//! Letters that were made for a look, kept for a moment, so that the frame on a page shows what the page was made with.

use aws_lc_rs::rand;
use data_encoding::HEXLOWER;
use policy::{Fault, FaultCode};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A browser asks for a frame at once, or when it is scrolled to.
const KEPT: Duration = Duration::from_secs(10 * 60);
/// Bytes of all of them; the oldest go first.
const BYTES_MAX: usize = 16 * 1024 * 1024;

/// A page of HTML, by the event that it tells of and a name that nobody guesses.
struct Page {
    event: String,
    name: String,
    html: String,
    since: Instant,
}

/// Where they lie, the oldest first.
#[derive(Default)]
pub struct Shelf(Mutex<VecDeque<Page>>);

impl Shelf {
    /// Puts a page there; its name.
    ///
    /// # Errors
    /// `Internal` when the system gives no random numbers.
    pub fn put(&self, event: &str, html: String) -> Result<String, Fault> {
        let mut random = [0; 16];
        rand::fill(&mut random).map_err(|_| Fault::temporary(FaultCode::Internal, "no random numbers"))?;
        let name = HEXLOWER.encode(&random);
        let mut pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pages.push_back(Page { event: event.to_owned(), name: name.clone(), html, since: Instant::now() });
        tidy(&mut pages);
        Ok(name)
    }

    /// The page of this event and name, if it is there still.
    pub fn get(&self, event: &str, name: &str) -> Option<String> {
        let mut pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tidy(&mut pages);
        pages.iter().find(|page| page.event == event && page.name == name).map(|page| page.html.clone())
    }
}

fn tidy(pages: &mut VecDeque<Page>) {
    let mut bytes: usize = pages.iter().map(|page| page.html.len()).sum();
    while let Some(oldest) = pages.front() {
        if bytes <= BYTES_MAX && oldest.since.elapsed() < KEPT {
            return;
        }
        bytes -= oldest.html.len();
        pages.pop_front();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_had_by_its_event_and_name_until_there_are_too_many_after_it() {
        let shelf = Shelf::default();
        let name = shelf.put("e1", "one".into()).unwrap();
        assert_eq!(shelf.get("e1", &name).as_deref(), Some("one"));
        assert_eq!(shelf.get("e1", &name).as_deref(), Some("one"), "a browser may ask twice");
        assert_eq!((shelf.get("e2", &name), shelf.get("e1", "")), (None, None));
        let large = "x".repeat(BYTES_MAX / 2);
        let second = shelf.put("e1", large.clone()).unwrap();
        let third = shelf.put("e1", large).unwrap();
        assert_eq!(shelf.get("e1", &name), None, "the oldest went");
        assert!(shelf.get("e1", &second).is_some() && shelf.get("e1", &third).is_some());
    }
}
