//! What a file of trace events holds: slices by their tracks, with the names of processes and threads.

use std::collections::HashMap;

use super::event::{Event, Key};
use super::python::{self, Doing, Frame};
use crate::files::error::FileError;
use crate::files::limits;
use crate::model::event::Phase;

/// A time in which a function ran. Times are nanoseconds of the file's clock.
#[derive(Clone, Copy, Debug)]
pub struct Slice {
    pub start: i64,
    pub end: i64,
    /// The place of its name in [`Slices::names`].
    pub name: u32,
}

/// Where slices stand.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TrackKey {
    /// A process and its thread.
    Thread(Key, Key),
    /// A process, a category and an id.
    Async(Key, String, Key),
}

impl TrackKey {
    pub fn pid(&self) -> &Key {
        match self {
            TrackKey::Thread(pid, _) | TrackKey::Async(pid, ..) => pid,
        }
    }
}

/// The slices of one thread, or of one async track.
#[derive(Debug)]
pub struct Track {
    pub key: TrackKey,
    pub slices: Vec<Slice>,
    /// Those that began and have not ended yet, by their places.
    open: Vec<usize>,
}

/// A name that slices have.
#[derive(Debug)]
pub struct Name {
    pub text: String,
    pub frame: Frame,
}

/// All slices of a file.
#[derive(Debug, Default)]
pub struct Slices {
    pub tracks: Vec<Track>,
    pub names: Vec<Name>,
    pub process_names: HashMap<Key, String>,
    pub thread_names: HashMap<(Key, Key), String>,
    /// Events in all, and those that made no sense.
    pub events: usize,
    pub senseless: usize,
    places: HashMap<TrackKey, usize>,
    name_places: HashMap<(String, bool), u32>,
    latest: Option<i64>,
}

/// A time of a file as nanoseconds, if it is one that a trace can have.
fn nanoseconds(us: Option<f64>) -> Option<i64> {
    let ns = us? * 1_000.0;
    (ns.abs() < 9.0e18).then_some(ns.round() as i64)
}

impl Slices {
    /// Takes an event, or what stands in the place of one.
    ///
    /// # Errors
    /// If there are too many events, or tracks.
    pub fn add(&mut self, event: Option<Event<'_>>) -> Result<(), FileError> {
        self.events += 1;
        if self.events > limits::EVENTS {
            return Err(FileError::TooMany { what: "events", most: limits::EVENTS });
        }
        let Some(event) = event else {
            self.senseless += 1;
            return Ok(());
        };
        if event.category == super::write::MARKS {
            return Ok(());
        }
        match event.ph {
            b'M' => self.take_metadata(event),
            b'X' => {
                let ends = nanoseconds(event.ts).zip(nanoseconds(event.dur.or(Some(0.0))));
                match ends.and_then(|(start, length)| Some((start, start.checked_add(length)?))) {
                    Some((start, end)) if end >= start => {
                        let name = self.name(&event);
                        let slice = Slice { start, end, name };
                        self.track(TrackKey::Thread(event.pid, event.tid))?.slices.push(slice);
                        self.latest = self.latest.max(Some(end));
                    }
                    _ => self.senseless += 1,
                }
            }
            b'B' | b'b' | b'E' | b'e' => self.take_edge(event)?,
            // Counters, instants, flows, samples: nothing that a lane shows.
            b'C' | b'i' | b'I' | b'R' | b'n' | b's' | b't' | b'f' | b'S' | b'T' | b'p' | b'F' | b'P' | b'N' | b'O'
            | b'D' | b'c' | b'V' | b'v' | b'(' | b')' => {}
            _ => self.senseless += 1,
        }
        Ok(())
    }

    fn take_edge(&mut self, event: Event<'_>) -> Result<(), FileError> {
        let Some(at) = nanoseconds(event.ts) else {
            self.senseless += 1;
            return Ok(());
        };
        self.latest = self.latest.max(Some(at));
        let begins = matches!(event.ph, b'B' | b'b');
        let name = if begins { self.name(&event) } else { 0 };
        let key = if event.ph.is_ascii_uppercase() {
            TrackKey::Thread(event.pid, event.tid)
        } else {
            TrackKey::Async(event.pid, event.category.into_owned(), event.id)
        };
        let track = self.track(key)?;
        if begins {
            // In its place already, so that of two that begin and end together the outer one stays the outer one.
            track.open.push(track.slices.len());
            track.slices.push(Slice { start: at, end: at, name });
        } else {
            match track.open.pop().map(|place| &mut track.slices[place]) {
                Some(slice) if slice.start <= at => slice.end = at,
                // It ends before it begins, or nothing began.
                _ => self.senseless += 1,
            }
        }
        Ok(())
    }

    fn take_metadata(&mut self, event: Event<'_>) {
        let Some(name) = event.named.map(|name| limits::name(&name)).filter(|name| !name.is_empty()) else { return };
        match &*event.name {
            "process_name" => drop(self.process_names.insert(event.pid, name)),
            "thread_name" => drop(self.thread_names.insert((event.pid, event.tid), name)),
            _ => {}
        }
    }

    fn track(&mut self, key: TrackKey) -> Result<&mut Track, FileError> {
        if let Some(place) = self.places.get(&key) {
            return Ok(&mut self.tracks[*place]);
        }
        if self.tracks.len() == limits::LANES {
            return Err(FileError::TooMany { what: "threads", most: limits::LANES });
        }
        let place = self.tracks.len();
        self.places.insert(key.clone(), place);
        self.tracks.push(Track { key, slices: Vec::new(), open: Vec::new() });
        Ok(&mut self.tracks[place])
    }

    /// Whether some of what was read is what an export of ours has. Not known any more once all was read.
    pub fn is_own(&self) -> bool {
        self.name_places.keys().any(|(_, is_own)| *is_own)
    }

    fn name(&mut self, event: &Event<'_>) -> u32 {
        let is_own = event.category == super::write::CATEGORY;
        let key = (event.name.clone().into_owned(), is_own);
        if let Some(place) = self.name_places.get(&key) {
            return *place;
        }
        let place = self.names.len() as u32;
        let own_phase = Phase::ALL.into_iter().find(|phase| is_own && phase.label() == key.0);
        let frame = match own_phase {
            Some(phase) => Frame { doing: Doing::Fixed(phase), ..python::frame("") },
            None => python::frame(&key.0),
        };
        self.names.push(Name { text: limits::name(&key.0), frame });
        self.name_places.insert(key, place);
        place
    }

    /// Ends what is open at the end of the file, and lays each track's slices in order: outer ones before inner ones.
    pub fn finish(&mut self) {
        let latest = self.latest.unwrap_or(0);
        for track in &mut self.tracks {
            for place in core::mem::take(&mut track.open) {
                let slice = &mut track.slices[place];
                slice.end = latest.max(slice.start);
            }
            track.slices.sort_by(|a, b| a.start.cmp(&b.start).then(b.end.cmp(&a.end)));
        }
        self.tracks.retain(|track| !track.slices.is_empty());
        // What was read in is not looked up again.
        self.places.clear();
        self.name_places.clear();
    }
}
