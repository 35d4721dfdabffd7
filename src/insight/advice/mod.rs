//! Advice in words, from what was measured. Each piece is a small type: its rule, its sentence, and what it was measured from.
//! A rule that does not hold says nothing, so that no sentence contradicts its run; what a sentence expects of another model is
//! apart from it, as a prediction.

mod facts;
mod overheads;
mod parallelism;
mod sharing;
mod waiting;

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;

pub use facts::Facts;

use super::provenance::Provenance;

/// A piece of advice.
pub trait Advice: Sized {
    /// Its name, in links and tests.
    const NAME: &'static str;
    /// What it was measured from.
    const BASIS: &'static str;

    /// The rule: whether it applies to a run, with the figures of its sentence.
    fn check(facts: &Facts<'_>) -> Option<Self>;

    /// What was seen, and what to do about it.
    fn sentence(&self) -> String;

    /// What another way would give, if a model says so.
    fn prediction(&self) -> Option<String> {
        None
    }
}

/// A piece of advice, as a person reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub name: &'static str,
    pub sentence: String,
    /// [`Provenance::Modelled`].
    pub prediction: Option<String>,
    /// What the sentence was measured from: [`Said::PROVENANCE`].
    pub basis: &'static str,
}

impl Said {
    /// How a sentence is known, without its prediction.
    pub const PROVENANCE: Provenance = Provenance::Derived;
}

/// Everything that applies to a run, what matters most first.
pub fn advice(facts: &Facts<'_>) -> Vec<Said> {
    const PIECES: [fn(&Facts<'_>) -> Option<Said>; 14] = [
        say::<sharing::LostUpdates>,
        say::<sharing::SharedLock>,
        say::<parallelism::OneAtATime>,
        say::<waiting::Convoy>,
        say::<waiting::BlockedLoop>,
        say::<waiting::WaitsInSequence>,
        say::<parallelism::OneCore>,
        say::<overheads::CopyingDominates>,
        say::<overheads::TasksTooSmall>,
        say::<overheads::StartingDominates>,
        say::<parallelism::LongTask>,
        say::<parallelism::SerialPart>,
        say::<parallelism::MoreThanCores>,
        say::<waiting::TooFewWorkers>,
    ];
    PIECES.iter().filter_map(|say| say(facts)).collect()
}

fn say<A: Advice>(facts: &Facts<'_>) -> Option<Said> {
    let advice = A::check(facts)?;
    Some(Said { name: A::NAME, sentence: advice.sentence(), prediction: advice.prediction(), basis: A::BASIS })
}

/// A share as a person reads it: "68 %".
fn percent(share: f64) -> String {
    let whole = crate::model::format::fixed(share * 100.0, 0);
    whole + " %"
}
