//! How a figure is known: each says so, so that nobody takes a model's word for a measurement.

/// How a figure is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Provenance {
    /// Recorded as it happened: as exact as the clock's step.
    Measured,
    /// Worked out from what was recorded, without assuming anything.
    Derived,
    /// What a model says: a prediction, or the parameters of a fit.
    Modelled,
}

impl Provenance {
    /// What a person reads.
    pub fn label(self) -> &'static str {
        match self {
            Provenance::Measured => "measured",
            Provenance::Derived => "derived",
            Provenance::Modelled => "modelled",
        }
    }
}
