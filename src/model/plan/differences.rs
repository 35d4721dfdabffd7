//! What tells one plan from another, for a person.

use super::{Choose, Draft, Param};

impl Draft {
    /// The controls that both read and that say something else, each with what it says here and there. Numbers that were left open
    /// are what they usually are on so many cores. How often each is run is left out.
    pub fn differences(&self, other: &Draft, cores: [u32; 2]) -> Vec<String> {
        let number = |draft: &Draft, param: Param, cores: u32| match draft.text(param) {
            "" => draft.usual_of(param, cores).unwrap_or_else(|| "none".to_owned()),
            text => text.to_owned(),
        };
        let params: Vec<Param> = other.params().collect();
        let mut differences: Vec<String> = self
            .params()
            .filter(|param| *param != Param::Repeats && params.contains(param))
            .filter(|param| {
                // What is usual depends on the model: who left both open chose nothing.
                let is_open = self.text(*param).is_empty() && other.text(*param).is_empty();
                !is_open || (self.model, self.experiment) == (other.model, other.experiment)
            })
            .filter_map(|param| {
                let (here, there) = (number(self, param, cores[0]), number(other, param, cores[1]));
                let spec = param.spec(self.workload);
                let unit = if spec.unit.is_empty() { String::new() } else { format!(" {}", spec.unit) };
                (here != there).then(|| format!("“{}” ({here} and {there}{unit})", spec.label))
            })
            .collect();
        let choices: Vec<Choose> = other.choices().collect();
        let both = self.choices().filter(|choose| choices.contains(choose));
        differences.extend(both.filter_map(|choose| {
            let spec = choose.spec();
            let label = |draft: &Draft| spec.options.get(draft.choice(choose)).map_or("", |(_, label)| *label);
            let (here, there) = (label(self), label(other));
            (here != there).then(|| format!("“{}” ({here} and {there})", spec.label))
        }));
        if self.workload == other.workload && self.sites != other.sites {
            differences.push("the sites".to_owned());
        }
        if (&self.command, &self.stdin, &self.env) != (&other.command, &other.stdin, &other.env) {
            differences.push("the commands".to_owned());
        }
        differences
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ModelKind, WorkloadKind};
    use super::*;

    #[test]
    fn what_differs_is_named_with_both_of_its_values() {
        let one = Draft::of(WorkloadKind::Primes, ModelKind::Cores);
        assert_eq!(one.differences(&one, [2, 2]), [] as [String; 0]);
        let mut other = one.clone();
        other.set_text(Param::Tasks, "2".to_owned());
        other.set_text(Param::Workers, "1".to_owned());
        assert_eq!(one.differences(&other, [2, 2]), ["“Split into tasks” (8 and 2)", "“Workers” (2 and 1)"]);
        assert_eq!(one.differences(&one, [2, 4]), ["“Workers” (2 and 4)"], "left open, it is the number of cores");
        let threads = Draft::of(WorkloadKind::Primes, ModelKind::EventLoop);
        assert!(one.differences(&threads, [2, 2]).is_empty(), "what only one of them has is no difference");
        let free = Draft::of(WorkloadKind::Primes, ModelKind::FreeThreads);
        assert!(one.differences(&free, [2, 2]).is_empty(), "nor what nobody chose");
    }
}
