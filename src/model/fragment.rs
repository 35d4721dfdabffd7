//! A draft as the fragment of the page's address, so that a link gives the same page again.
//!
//! Links live for ever: each carries its version, and a field that it lacks keeps the default of that version.

use form_urlencoded::{Serializer, parse};
use thiserror::Error;

use super::plan::{Draft, Fault, ModelKind, SITES_MAX, SiteDraft, SiteKind, WorkloadKind};

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

/// The fragment (without its `#`) of a draft: only what its workload and model read.
pub fn fragment_from_draft(draft: &Draft) -> String {
    let mut out = Serializer::new(String::new());
    out.append_pair("v", VERSION);
    out.append_pair("run", name_of(&WORKLOADS, draft.workload));
    out.append_pair("as", name_of(&MODELS, draft.model));
    if draft.model.has_workers() && !draft.workers.is_empty() {
        out.append_pair("workers", &draft.workers);
    }
    if draft.model == ModelKind::Threads && !draft.switch_interval_us.is_empty() {
        out.append_pair("interval", &draft.switch_interval_us);
    }
    if draft.model == ModelKind::Processes && !draft.chunksize.is_empty() {
        out.append_pair("chunksize", &draft.chunksize);
    }
    if !draft.compare {
        out.append_pair("compare", "no");
    }
    if !draft.limit_ms.is_empty() {
        out.append_pair("limit", &draft.limit_ms);
    }
    match draft.workload {
        WorkloadKind::Sites => {
            for site in &draft.sites {
                out.append_pair(name_of(&SITES, site.kind), &site.value);
            }
        }
        WorkloadKind::Primes => {
            out.append_pair("tasks", &draft.prime_tasks).append_pair("below", &draft.below);
        }
        WorkloadKind::Sleep => {
            out.append_pair("tasks", &draft.sleep_tasks).append_pair("ms", &draft.sleep_ms);
        }
    }
    if draft.workload != WorkloadKind::Sites && draft.fault != Fault::None {
        out.append_pair("fault", name_of(&FAULTS, draft.fault));
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
    let mut sites = Vec::new();
    let (mut tasks, mut run_is_named) = (None, false);
    for (key, value) in &pairs[1..] {
        match key.as_str() {
            "run" => {
                draft.workload = named(&WORKLOADS, value)?;
                run_is_named = true;
            }
            "as" => draft.model = named(&MODELS, value)?,
            "workers" => draft.workers = value.clone(),
            "interval" => draft.switch_interval_us = value.clone(),
            "chunksize" => draft.chunksize = value.clone(),
            "compare" => draft.compare = named(&YES_NO, value)?,
            "limit" => draft.limit_ms = value.clone(),
            "tasks" => tasks = Some(value.clone()),
            "below" => draft.below = value.clone(),
            "ms" => draft.sleep_ms = value.clone(),
            "fault" => draft.fault = named(&FAULTS, value)?,
            site => sites.push(SiteDraft { kind: named(&SITES, site)?, value: value.clone() }),
        }
    }
    if !run_is_named {
        return Err(FragmentError::Unknown(fragment.to_owned()));
    }
    if sites.len() > SITES_MAX {
        return Err(FragmentError::TooManySites(sites.len()));
    }
    if !sites.is_empty() {
        draft.sites = sites;
    }
    if let Some(tasks) = tasks {
        match draft.workload {
            WorkloadKind::Sleep => draft.sleep_tasks = tasks,
            WorkloadKind::Primes | WorkloadKind::Sites => draft.prime_tasks = tasks,
        }
    }
    Ok(draft)
}

const WORKLOADS: [(&str, WorkloadKind); 3] =
    [("sites", WorkloadKind::Sites), ("primes", WorkloadKind::Primes), ("sleep", WorkloadKind::Sleep)];
const MODELS: [(&str, ModelKind); 6] = [
    ("sequential", ModelKind::Sequential),
    ("threads", ModelKind::Threads),
    ("free-threads", ModelKind::FreeThreads),
    ("event-loop", ModelKind::EventLoop),
    ("processes", ModelKind::Processes),
    ("cores", ModelKind::Cores),
];
const SITES: [(&str, SiteKind); 4] = [
    ("answers", SiteKind::Answers),
    ("refuses", SiteKind::Refuses),
    ("unreachable", SiteKind::Unreachable),
    ("url", SiteKind::Url),
];
const FAULTS: [(&str, Fault); 3] = [("none", Fault::None), ("panic", Fault::Panic), ("trap", Fault::Trap)];
const YES_NO: [(&str, bool); 2] = [("yes", true), ("no", false)];

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

    fn drafts() -> Vec<Draft> {
        let mut odd = Draft { limit_ms: "500".to_owned(), compare: false, ..Draft::default() };
        odd.sites[0] = SiteDraft { kind: SiteKind::Url, value: "https://a.example/?q=1&r=ä #x".to_owned() };
        odd.sites[1].kind = SiteKind::Refuses;
        let primes = Draft {
            workload: WorkloadKind::Primes,
            model: ModelKind::Cores,
            workers: "nonsense & more".to_owned(),
            prime_tasks: "12".to_owned(),
            fault: Fault::Trap,
            ..Draft::default()
        };
        let sleep = Draft {
            workload: WorkloadKind::Sleep,
            model: ModelKind::Sequential,
            sleep_tasks: "3".to_owned(),
            sleep_ms: "-1".to_owned(),
            ..Draft::default()
        };
        let threads = Draft {
            model: ModelKind::Threads,
            workers: "3".to_owned(),
            switch_interval_us: "250".to_owned(),
            ..Draft::default()
        };
        let processes = Draft {
            model: ModelKind::Processes,
            chunksize: "7".to_owned(),
            workload: WorkloadKind::Primes,
            ..Draft::default()
        };
        let free = Draft { model: ModelKind::FreeThreads, ..Draft::default() };
        vec![Draft::default(), odd, primes, sleep, threads, processes, free]
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
        assert_eq!(draft, Draft { workload: WorkloadKind::Primes, ..Draft::default() });
    }
}
