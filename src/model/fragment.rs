//! A draft as the fragment of the page's address, so that a link gives the same page again.
//!
//! Links live for ever: each carries its version, and a field that it lacks keeps the default of that version.

use form_urlencoded::{Serializer, parse};
use thiserror::Error;

use super::plan::{Choose, Draft, ExperimentKind, ModelKind, Param, SITES_MAX, SiteDraft, SiteKind, WorkloadKind};

const VERSION: &str = "1";
/// The last field of every link. Mail and chat programs cut long links, and a plan cut short would be another plan.
const END: &str = "end";

/// Why a fragment is no draft.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FragmentError {
    #[error("This link was made by a version of Overlap that this page does not know")]
    Version,
    #[error("This link is cut off: its end is missing")]
    Cut,
    #[error("This link says “{0}”, which this page does not know")]
    Unknown(String),
    #[error("This link lists {0} sites; at most 20 can be run")]
    TooManySites(usize),
}

/// The fragment (without its `#`) of a draft: only what its workload and model read, where it is not the usual.
pub fn fragment_from_draft(draft: &Draft) -> String {
    let mut out = Serializer::new(String::new());
    out.append_pair("v", VERSION);
    out.append_pair("run", name_of(&WORKLOADS, draft.workload));
    out.append_pair("as", name_of(&MODELS, draft.model));
    if !draft.compare {
        out.append_pair("compare", "no");
    }
    if draft.experiment != ExperimentKind::One {
        out.append_pair("experiment", name_of(&EXPERIMENTS, draft.experiment));
    }
    if draft.racers != Draft::default().racers {
        let names: Vec<&str> = draft.racers.iter().map(|model| name_of(&MODELS, *model)).collect();
        out.append_pair("racers", &names.join(" "));
    }
    if draft.workload == WorkloadKind::Sites {
        for site in &draft.sites {
            out.append_pair(name_of(&SITES, site.kind), &site.value);
        }
    }
    if draft.workload == WorkloadKind::Commands {
        out.append_pair("command", &draft.command);
        for (key, text) in [("stdin", &draft.stdin), ("env", &draft.env)] {
            if !text.is_empty() {
                out.append_pair(key, text);
            }
        }
    }
    for param in draft.params() {
        let spec = param.spec(draft.workload);
        if draft.text(param) != spec.usual {
            out.append_pair(spec.key, draft.text(param));
        }
    }
    for choose in draft.choices().filter(|choose| draft.choice(*choose) > 0) {
        let spec = choose.spec();
        out.append_pair(spec.key, spec.options[draft.choice(choose)].0);
    }
    out.append_key_only(END);
    out.finish()
}

/// The draft that a fragment (without its `#`) carries.
///
/// # Errors
/// If it is of an unknown version, cut off, or has a field or a value that no draft has. What a field's text is worth is
/// not looked at here: that is `Draft::validate`'s to say, beside the control.
pub fn draft_from_fragment(fragment: &str) -> Result<Draft, FragmentError> {
    let pairs: Vec<(String, String)> = parse(fragment.as_bytes()).into_owned().collect();
    match pairs.first() {
        Some((key, version)) if key == "v" && version == VERSION => {}
        Some((key, version)) if key == "v" && !version.is_empty() => return Err(FragmentError::Version),
        Some((key, _)) if key == "v" => return Err(FragmentError::Cut),
        first => return Err(FragmentError::Unknown(first.map(|(key, _)| key.clone()).unwrap_or_default())),
    }
    let Some(((last, _), pairs)) = pairs.split_last() else { return Err(FragmentError::Cut) };
    if last != END {
        return Err(FragmentError::Cut);
    }
    let mut draft = Draft::default();
    let value_of = |name: &str| pairs[1..].iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    // What a field is depends on these two, wherever they stand.
    match value_of("run") {
        Some(name) => draft.workload = named(&WORKLOADS, name)?,
        None => return Err(FragmentError::Unknown(fragment.to_owned())),
    }
    if let Some(name) = value_of("as") {
        draft.model = named(&MODELS, name)?;
    }
    if let Some(name) = value_of("experiment") {
        draft.experiment = named(&EXPERIMENTS, name)?;
    }
    if let Some(names) = value_of("racers") {
        let chosen: Vec<ModelKind> =
            names.split_whitespace().map(|name| named(&MODELS, name)).collect::<Result<_, _>>()?;
        draft.racers = ModelKind::ALL.into_iter().filter(|model| chosen.contains(model)).collect();
    }
    let mut sites = Vec::new();
    for (key, value) in &pairs[1..] {
        match key.as_str() {
            "run" | "as" | "experiment" | "racers" => {}
            "command" => draft.command = value.clone(),
            "stdin" => draft.stdin = value.clone(),
            "env" => draft.env = value.clone(),
            "compare" => draft.compare = named(&YES_NO, value)?,
            key => {
                if let Some(param) = param_of(&draft, key) {
                    draft.set_text(param, value.clone());
                } else if let Some(choose) = choice_of(&draft, key) {
                    let place = choose.spec().options.iter().position(|(name, _)| name == value);
                    let unknown = || FragmentError::Unknown(value.clone());
                    draft.set_choice(choose, place.ok_or_else(unknown)?);
                } else if draft.workload == WorkloadKind::Sites {
                    sites.push(SiteDraft { kind: named(&SITES, key)?, value: value.clone() });
                } else {
                    return Err(FragmentError::Unknown(key.to_owned()));
                }
            }
        }
    }
    if sites.len() > SITES_MAX {
        return Err(FragmentError::TooManySites(sites.len()));
    }
    if !sites.is_empty() {
        draft.sites = sites;
    }
    Ok(draft)
}

/// The number that a link calls so: of the workload, or of any model, as links say more than their model reads.
fn param_of(draft: &Draft, key: &str) -> Option<Param> {
    let models = ModelKind::ALL.into_iter().flat_map(Param::of_model).copied();
    let mut all = Param::of_workload(draft.workload).iter().copied().chain(models).chain([
        Param::Limit,
        Param::Repeats,
        Param::UpTo,
    ]);
    all.find(|param| param.spec(draft.workload).key == key)
}

/// The same for a choice.
fn choice_of(draft: &Draft, key: &str) -> Option<Choose> {
    let of_models = ModelKind::ALL
        .into_iter()
        .flat_map(|model| Choose::of_workload(draft.workload, model).iter().chain(Choose::of_model(model)).copied());
    of_models.into_iter().find(|choose| choose.spec().key == key)
}

const WORKLOADS: [(&str, WorkloadKind); 18] = [
    ("sites", WorkloadKind::Sites),
    ("fan-out", WorkloadKind::FanOut),
    ("pages", WorkloadKind::Pages),
    ("primes", WorkloadKind::Primes),
    ("mandelbrot", WorkloadKind::Mandelbrot),
    ("sha256", WorkloadKind::Sha256),
    ("matrix", WorkloadKind::Matrix),
    ("pi", WorkloadKind::Pi),
    ("sort", WorkloadKind::Sort),
    ("sleep", WorkloadKind::Sleep),
    ("fetch-compute", WorkloadKind::FetchThenCompute),
    ("convoy", WorkloadKind::Convoy),
    ("tiny", WorkloadKind::Tiny),
    ("large", WorkloadKind::Large),
    ("queue", WorkloadKind::Queue),
    ("counter", WorkloadKind::Counter),
    ("deadlock", WorkloadKind::Deadlock),
    ("commands", WorkloadKind::Commands),
];
const MODELS: [(&str, ModelKind); 8] = [
    ("sequential", ModelKind::Sequential),
    ("threads", ModelKind::Threads),
    ("free-threads", ModelKind::FreeThreads),
    ("own-locks", ModelKind::OwnLocks),
    ("event-loop", ModelKind::EventLoop),
    ("processes", ModelKind::Processes),
    ("cores", ModelKind::Cores),
    ("subprocess", ModelKind::Subprocess),
];
const EXPERIMENTS: [(&str, ExperimentKind); 4] = [
    ("one", ExperimentKind::One),
    ("race", ExperimentKind::Race),
    ("scaling", ExperimentKind::Scaling),
    ("break-even", ExperimentKind::BreakEven),
];
const SITES: [(&str, SiteKind); 6] = [
    ("answers", SiteKind::Answers),
    ("refuses", SiteKind::Refuses),
    ("unreachable", SiteKind::Unreachable),
    ("breaks-off", SiteKind::BreaksOff),
    ("hangs", SiteKind::Hangs),
    ("url", SiteKind::Url),
];
const YES_NO: [(&str, bool); 2] = [("yes", true), ("no", false)];

/// The name of a workload, as links and the ids of the page's elements have it.
pub fn workload_name(workload: WorkloadKind) -> &'static str {
    name_of(&WORKLOADS, workload)
}

/// The name of an experiment.
pub fn experiment_name(experiment: ExperimentKind) -> &'static str {
    name_of(&EXPERIMENTS, experiment)
}

/// The name of a model.
pub fn model_name(model: ModelKind) -> &'static str {
    name_of(&MODELS, model)
}

fn name_of<T: PartialEq>(names: &'static [(&'static str, T)], value: T) -> &'static str {
    names.iter().find(|(_, named)| *named == value).map_or("", |(name, _)| name)
}

fn named<T: Copy>(names: &[(&str, T)], name: &str) -> Result<T, FragmentError> {
    let found = names.iter().find(|(known, _)| *known == name);
    found.map(|(_, value)| *value).ok_or_else(|| FragmentError::Unknown(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(workload: WorkloadKind, model: ModelKind, texts: &[(Param, &str)], chosen: &[(Choose, usize)]) -> Draft {
        let mut draft = Draft::of(workload, model);
        texts.iter().for_each(|(param, text)| draft.set_text(*param, (*text).to_owned()));
        chosen.iter().for_each(|(choose, place)| draft.set_choice(*choose, *place));
        draft
    }

    fn drafts() -> Vec<Draft> {
        let mut odd = draft(WorkloadKind::Sites, ModelKind::EventLoop, &[(Param::Limit, "500")], &[]);
        odd.compare = false;
        odd.sites[0] = SiteDraft { kind: SiteKind::Url, value: "https://a.example/?q=1&r=ä #x".to_owned() };
        odd.sites[1].kind = SiteKind::Refuses;
        odd.sites[2] = SiteDraft { kind: SiteKind::Hangs, value: String::new() };
        let primes = draft(
            WorkloadKind::Primes,
            ModelKind::Cores,
            &[(Param::Workers, "nonsense & more"), (Param::Tasks, "12")],
            &[(Choose::Fault, 2)],
        );
        let sleep = draft(WorkloadKind::Sleep, ModelKind::Sequential, &[(Param::Ms, "-1"), (Param::Tasks, "")], &[]);
        let mut line = draft(WorkloadKind::Commands, ModelKind::Subprocess, &[(Param::Timeout, "90")], &[]);
        line.command = "printenv \"A B\" | wc".to_owned();
        line.stdin = "two\nlines & more".to_owned();
        line.env = "A=1 B=2".to_owned();
        let mut race = draft(WorkloadKind::Sha256, ModelKind::Threads, &[(Param::Repeats, "7")], &[(Choose::CCall, 1)]);
        race.experiment = ExperimentKind::Race;
        race.racers = vec![ModelKind::Sequential, ModelKind::Threads, ModelKind::Cores];
        let mut curve = draft(WorkloadKind::Pi, ModelKind::Processes, &[(Param::UpTo, "4")], &[]);
        curve.experiment = ExperimentKind::Scaling;
        let mut none = race.clone();
        none.racers.clear();
        let mut all = vec![Draft::default(), odd, primes, sleep, line, race, curve, none];
        // Each control of each workload and model, with something in it that is not the usual.
        for workload in WorkloadKind::ALL {
            for model in ModelKind::ALL {
                let mut full = Draft::of(workload, model);
                full.params().collect::<Vec<_>>().into_iter().for_each(|param| full.set_text(param, "3".to_owned()));
                full.choices().collect::<Vec<_>>().into_iter().for_each(|choose| full.set_choice(choose, 1));
                all.push(full);
            }
        }
        all
    }

    #[test]
    fn a_draft_survives_the_way_through_a_link() {
        for draft in drafts() {
            assert_eq!(draft_from_fragment(&fragment_from_draft(&draft)), Ok(draft));
        }
    }

    #[test]
    fn a_link_cut_anywhere_is_an_error() {
        for draft in drafts() {
            let fragment = fragment_from_draft(&draft);
            for end in (1..fragment.len()).filter(|end| fragment.is_char_boundary(*end)) {
                assert!(draft_from_fragment(&fragment[..end]).is_err(), "{}", &fragment[..end]);
            }
        }
    }

    #[test]
    fn what_is_not_known_is_named() {
        assert_eq!(draft_from_fragment("v=2&run=sites&end"), Err(FragmentError::Version));
        assert_eq!(draft_from_fragment("v=1&run=cakes&end"), Err(FragmentError::Unknown("cakes".to_owned())));
        assert_eq!(draft_from_fragment("v=1&run=sites&cake=1&end"), Err(FragmentError::Unknown("cake".to_owned())));
        assert_eq!(draft_from_fragment("hello"), Err(FragmentError::Unknown("hello".to_owned())));
        let many = format!("v=1&run=sites&{}end", "answers=1&".repeat(21));
        assert_eq!(draft_from_fragment(&many), Err(FragmentError::TooManySites(21)));
    }

    #[test]
    fn a_field_that_a_link_lacks_keeps_its_default() {
        let draft = draft_from_fragment("v=1&run=primes&end").unwrap();
        assert_eq!(draft, Draft::of(WorkloadKind::Primes, ModelKind::EventLoop));
    }

    #[test]
    fn links_of_the_first_version_give_what_they_gave() {
        let link =
            "v=1&run=primes&as=processes&workers=3&chunksize=4&compare=no&limit=90&tasks=12&below=1000&fault=trap&end";
        let mut expected = draft(
            WorkloadKind::Primes,
            ModelKind::Processes,
            &[
                (Param::Workers, "3"),
                (Param::Chunksize, "4"),
                (Param::Limit, "90"),
                (Param::Tasks, "12"),
                (Param::Below, "1000"),
            ],
            &[(Choose::Fault, 2)],
        );
        expected.compare = false;
        assert_eq!(draft_from_fragment(link), Ok(expected));
    }
}
