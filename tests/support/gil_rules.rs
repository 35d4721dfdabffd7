//! The rules of the global interpreter lock, as an observer that holds what it is told against them.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use overlap::engine::gil::{GilEvent, Observer};

/// Fails at the first event that breaks a rule, and keeps all of them.
#[derive(Debug, Default)]
pub struct Rules {
    book: Mutex<Book>,
    /// Whether no thread times out but in its first wait. Then it is known since when it has waited.
    only_first_waits_time_out: bool,
}

#[derive(Debug, Default)]
struct Book {
    holder: Option<u32>,
    last_holder: Option<u32>,
    last_drop_forced: bool,
    switches: u32,
    /// The number of switches when a thread began to wait.
    waiting: BTreeMap<u32, u32>,
    events: Vec<(u32, GilEvent)>,
}

impl Rules {
    #[allow(dead_code, reason = "only the test target for loom knows which waits time out")]
    pub fn where_only_first_waits_time_out() -> Rules {
        Rules { only_first_waits_time_out: true, ..Rules::default() }
    }

    /// How many of the events so far are such.
    pub fn count(&self, is_such: impl Fn(GilEvent) -> bool) -> usize {
        let book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        book.events.iter().filter(|(_, event)| is_such(*event)).count()
    }
}

impl Observer for Rules {
    fn on(&self, thread: u32, event: GilEvent) {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let book = &mut *book;
        book.events.push((thread, event));
        match event {
            GilEvent::Waiting => {
                assert!(book.holder.is_some_and(|holder| holder != thread), "a thread waits for another: {book:?}");
                book.waiting.insert(thread, book.switches);
            }
            GilEvent::DropRequested => {
                assert!(book.holder.is_some_and(|holder| holder != thread), "another is asked: {book:?}");
                let since = book.waiting.get(&thread);
                assert!(since.is_some(), "who asks waits: {book:?}");
                if self.only_first_waits_time_out {
                    assert_eq!(since, Some(&book.switches), "whoever took it just now is not asked: {book:?}");
                }
            }
            GilEvent::Taken { from, forced } => {
                assert_eq!(book.holder, None, "one thread at a time: {book:?}");
                assert_eq!((from, forced), (book.last_holder, book.last_drop_forced), "it is told from whom: {book:?}");
                assert!(!forced || from != Some(thread), "a forced drop goes to another thread: {book:?}");
                book.holder = Some(thread);
                book.switches += u32::from(from != Some(thread));
                book.last_holder = Some(thread);
                book.waiting.remove(&thread);
            }
            GilEvent::Dropped { forced } => {
                assert_eq!(book.holder, Some(thread), "only the holder drops: {book:?}");
                assert!(!forced || !book.waiting.is_empty(), "a forced drop has a waiter: {book:?}");
                book.holder = None;
                book.last_drop_forced = forced;
            }
        }
    }
}
