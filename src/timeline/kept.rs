//! What is asked for several times a picture is worked out once.

use core::cell::RefCell;

/// What was worked out last, and of what.
#[derive(Clone, Debug)]
pub(super) struct Kept<K, T>(RefCell<Option<(K, T)>>);

impl<K, T> Default for Kept<K, T> {
    fn default() -> Kept<K, T> {
        Kept(RefCell::default())
    }
}

impl<K: PartialEq, T: Clone> Kept<K, T> {
    /// Works it out where that was not done yet.
    pub fn get(&self, of: K, work_out: impl FnOnce() -> T) -> T {
        if let Some((kept_of, kept)) = &*self.0.borrow()
            && *kept_of == of
        {
            return kept.clone();
        }
        let made = work_out();
        self.0.replace(Some((of, made.clone())));
        made
    }
}
