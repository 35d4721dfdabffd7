//! Random plans: small, and of every kind. A seed is a plan, the same wherever it is drawn.

use overlap::model::plan::{Choose, Draft, ModelKind, Param, Plan, WorkloadKind};
use rand_pcg::Pcg32;
use rand_pcg::rand_core::{Rng, SeedableRng};

pub struct Dice(Pcg32);

impl Dice {
    pub fn below(&mut self, sides: u32) -> u32 {
        self.0.next_u32() % sides
    }

    pub fn one_in(&mut self, sides: u32) -> bool {
        self.below(sides) == 0
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u32) as usize]
    }
}

/// Small, so that ten thousand take half a minute; and of every kind.
fn number(param: Param, dice: &mut Dice) -> u32 {
    match param {
        Param::Workers => 1 + dice.below(4),
        Param::SwitchInterval => dice.pick(&[1, 50, 1_000, 5_000]),
        Param::Tasks | Param::Consumers | Param::Chunksize | Param::PerProcess | Param::InFlight => 1 + dice.below(6),
        Param::Prefetch => dice.below(4),
        Param::Below => 10 + dice.below(3_000),
        Param::Ms | Param::Latency => dice.below(3),
        Param::Pages | Param::Sleeps => 1 + dice.below(3),
        Param::Iterations => 1 + dice.below(8),
        Param::Blocks => 1,
        Param::Size => 1 + dice.below(20),
        Param::Points | Param::Numbers | Param::Times => 1 + dice.below(600),
        Param::Kib => 1 + dice.below(64),
        Param::Items => 1 + dice.below(12),
        Param::Capacity => 1 + dice.below(3),
        Param::Seed => 1 + dice.below(1_000),
        // Each plan is run once here.
        Param::Repeats => 1,
        Param::UpTo => 1 + dice.below(4),
        Param::TaskLimit | Param::Limit | Param::Timeout => 1 + dice.below(4),
    }
}

/// The plan of a seed, and what goes wrong besides what it says: `fate` draws that. The third task may fail in as many ways as
/// `faults` says, in the order in which they are offered; not to fail is the first of them.
pub fn plan<F>(seed: u64, faults: u32, mut fate: impl FnMut(&mut Dice, ModelKind) -> F) -> (Plan, F) {
    let mut dice = Dice(Pcg32::seed_from_u64(seed));
    loop {
        let model = dice.pick(&ModelKind::ALL);
        let workload = dice.pick(&WorkloadKind::ALL);
        if model == ModelKind::Subprocess || Draft::model_refused(workload, model).is_some() {
            continue;
        }
        let mut draft = Draft::of(workload, model);
        for site in &mut draft.sites {
            site.value = dice.below(4).to_string();
        }
        for param in draft.params().collect::<Vec<_>>() {
            if !param.spec(workload).usual.is_empty() || dice.one_in(2) {
                draft.set_text(param, number(param, &mut dice).to_string());
            }
        }
        let choices: Vec<Choose> = draft.choices().collect();
        for choose in choices {
            let offered = choose.spec().options.len() as u32;
            let options = if choose == Choose::Fault { offered.min(faults) } else { offered };
            draft.set_choice(choose, dice.below(options) as usize);
        }
        let fate = fate(&mut dice, model);
        // A producer may have been given too few threads, which is said beforehand.
        if let Ok(plan) = draft.validate(2) {
            return (plan, fate);
        }
    }
}
