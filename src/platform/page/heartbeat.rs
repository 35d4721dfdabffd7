//! The page's heartbeat: whether it could have answered a person while a run went on.
//!
//! A page has one thread. While that does something else, or has no core, nothing that a person does is answered; so a timer
//! beats, and where a beat comes late the page stood still.

use core::cell::{Cell, RefCell};
use std::rc::Rc;

use gloo_timers::callback::Interval;
use web_sys::Window;

use crate::model::event::{Event, EventKind, Phase};
use crate::model::id::LaneId;
use crate::model::time::Instant;
use crate::platform::clock::absolute_ms;

/// How often it beats, in milliseconds. Oftener would cost a core that is measured.
const BEAT_MS: u32 = 25;
/// A beat that is later than this is one that a person notices, in milliseconds: <https://www.w3.org/TR/longtasks-1/>.
const LATE_MS: f64 = 50.0;

/// A heart, which beats until it is dropped.
pub struct Heartbeat {
    beats: Rc<Beats>,
    _beat: Interval,
}

struct Beats {
    window: Window,
    /// The last beat that was seen, in milliseconds since the Unix epoch; none while nobody sees the page.
    last_ms: Cell<Option<f64>>,
    /// When the page stood still, from and to, in milliseconds since the Unix epoch.
    still: RefCell<Vec<(f64, f64)>>,
}

impl Beats {
    fn beat(&self) {
        // Browsers slow down the timers of pages that nobody sees: only between two beats that were seen is any time known.
        let now = self.window.document().filter(|document| !document.hidden()).map(|_| absolute_ms());
        let before = self.last_ms.replace(now);
        if let (Some(now), Some(due)) = (now, before.map(|before| before + f64::from(BEAT_MS)))
            && now - due > LATE_MS
        {
            self.still.borrow_mut().push((due, now));
        }
    }
}

impl Heartbeat {
    /// Begins to beat.
    pub fn start(window: Window) -> Heartbeat {
        let beats = Rc::new(Beats { window, last_ms: Cell::default(), still: RefCell::default() });
        beats.beat();
        let beat = {
            let beats = beats.clone();
            Interval::new(BEAT_MS, move || beats.beat())
        };
        Heartbeat { beats, _beat: beat }
    }

    /// What is known since it was last asked, up to now, as events of a run whose zero is at `origin_ms`, in milliseconds since
    /// the Unix epoch.
    pub fn take_events(&self, origin_ms: f64) -> Vec<Event> {
        self.beats.beat();
        let event = |ms: f64, kind| Event {
            // What began before the run belongs to it from its beginning on.
            at: Instant::from_ms((ms - origin_ms).max(0.0)),
            sequence: 0,
            lane: LaneId::Page,
            task: None,
            kind,
            arg: 0,
        };
        let still = self.beats.still.take().into_iter().filter(|(_, to)| *to > origin_ms);
        still
            .flat_map(|(from, to)| [event(from, EventKind::Enter(Phase::Blocked)), event(to, EventKind::LaneClosed)])
            .collect()
    }
}
