//! Checks what was typed into the controls of a plan.

use super::command_line;
use super::draft::{Draft, FieldError, SiteDraft, SiteKind};
use super::field::{Field, NumberSpec, Param};
use super::workload::{Commands, Site};
use super::{COMMANDS_MAX, TIME_MAX_MS};
use crate::model::format::thousands;

/// Collects what is wrong. A check that fails gives a value all the same, which is never used: there is an error then.
pub(super) struct Checks<'a> {
    pub draft: &'a Draft,
    pub errors: Vec<FieldError>,
}

impl Checks<'_> {
    pub fn add(&mut self, field: Field, message: String) {
        self.errors.push(FieldError { field, message });
    }

    /// The number of a control that must have one.
    pub fn number(&mut self, param: Param) -> u32 {
        self.in_field(Field::Number(param), self.draft.text(param), &param.spec(self.draft.workload))
    }

    /// The number of a control, unless it was left empty.
    pub fn optional(&mut self, param: Param) -> Option<u32> {
        (!self.draft.text(param).trim().is_empty()).then(|| self.number(param))
    }

    pub fn workers(&mut self, cores: u32) -> Option<u32> {
        let text = self.draft.text(Param::Workers);
        let model = self.draft.model;
        let why = format!("4 for each of the {cores} cores that this browser reports");
        let why_most = if model.is_thread_pool() { "each is a thread of its own" } else { why.as_str() };
        let most = model.most_workers(cores);
        let range = Range { least: 1, most, why_most };
        (!text.trim().is_empty()).then(|| self.in_range(Field::Number(Param::Workers), text, range))
    }

    fn in_field(&mut self, field: Field, text: &str, spec: &NumberSpec) -> u32 {
        self.in_range(field, text, Range { least: spec.least, most: spec.most, why_most: spec.why_most })
    }

    fn in_range(&mut self, field: Field, text: &str, range: Range<'_>) -> u32 {
        range.number(text).unwrap_or_else(|message| {
            self.add(field, message);
            range.least
        })
    }

    pub fn commands(&mut self) -> Commands {
        let draft = self.draft;
        let commands = command_line::parse(&draft.command).unwrap_or_else(|error| {
            self.add(Field::Command, error.to_string());
            Vec::new()
        });
        if commands.len() > COMMANDS_MAX {
            self.add(Field::Command, format!("{} commands are too many: at most {COMMANDS_MAX}.", commands.len()));
        }
        let mut env = Vec::new();
        for word in draft.env.split_whitespace() {
            match word.split_once('=') {
                Some((name, value)) if !name.is_empty() => env.push((name.to_owned(), value.to_owned())),
                _ => self.add(Field::Env, format!("“{word}” is no variable: it has the form NAME=value.")),
            }
        }
        Commands { commands, env, stdin: draft.stdin.clone(), timeout_ms: self.optional(Param::Timeout) }
    }

    pub fn site(&mut self, index: usize, site: &SiteDraft) -> Site {
        let mut after_ms = || {
            let range = Range { least: 0, most: TIME_MAX_MS, why_most: "milliseconds" };
            self.in_range(Field::Site(index), &site.value, range)
        };
        match site.kind {
            SiteKind::Answers => Site::Answers { after_ms: after_ms() },
            SiteKind::Refuses => Site::Refuses { after_ms: after_ms() },
            SiteKind::Unreachable => Site::Unreachable { after_ms: after_ms() },
            SiteKind::BreaksOff => Site::BreaksOff { after_ms: after_ms() },
            SiteKind::Hangs => Site::Hangs,
            SiteKind::Url => {
                let address = site.value.trim();
                if let Some(message) = address_problem(address) {
                    self.add(Field::Site(index), message);
                }
                Site::Url(address.to_owned())
            }
        }
    }
}

/// What a number may be.
#[derive(Clone, Copy)]
struct Range<'a> {
    least: u32,
    most: u32,
    why_most: &'a str,
}

impl Range<'_> {
    fn words(&self) -> String {
        let why = if self.why_most.is_empty() { String::new() } else { format!(" ({})", self.why_most) };
        format!("a whole number from {} to {}{why}", thousands(self.least.into()), thousands(self.most.into()))
    }

    fn number(&self, text: &str) -> Result<u32, String> {
        let text = text.trim();
        let plain: String = text.chars().filter(|c| !matches!(c, ',' | '_' | ' ' | '\u{202f}')).collect();
        let digits = plain.strip_prefix('-').unwrap_or(&plain);
        let is_number = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
        Err(match plain.parse::<u32>() {
            Ok(number) if (self.least..=self.most).contains(&number) => return Ok(number),
            _ if text.is_empty() => format!("Enter {}.", self.words()),
            _ if !is_number => format!("“{text}” is no whole number: enter {}.", self.words()),
            Ok(number) if number < self.least => format!("{text} is too small: {}.", self.words()),
            Err(_) if plain.starts_with('-') => format!("{text} is too small: {}.", self.words()),
            _ => format!("{text} is too large: {}.", self.words()),
        })
    }
}

/// What is wrong with an address, if anything. The browser has the last word when it is fetched; this catches what is
/// plainly none before a run begins.
fn address_problem(address: &str) -> Option<String> {
    if address.is_empty() {
        return Some("Enter an address, such as https://example.org/.".to_owned());
    }
    let rest = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"));
    let host = rest.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    let host_is_one = host.is_some_and(|host| {
        !host.is_empty()
            && host.chars().all(|c| {
                !c.is_ascii() || c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']' | '@' | '_')
            })
    });
    if host_is_one && !address.contains(char::is_whitespace) {
        None
    } else {
        Some(format!("“{address}” is no web address: it starts with https:// or http://, then a host."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_or_says_how_it_would_be() {
        for address in ["https://example.org", "http://[::1]:8080/a?b=c#d", "https://пример.example/x"] {
            assert_eq!(address_problem(address), None, "{address}");
        }
        for address in
            ["", "example.org", "ftp://example.org", "https://", "https:///x", "https://a b/", "https://a/ b"]
        {
            assert!(address_problem(address).is_some(), "{address}");
        }
    }
}
