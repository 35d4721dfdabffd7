//! The house rules: which module may use which, and what every file has. Each rule here stands in ARCHITECTURE.md.
#![cfg(not(target_arch = "wasm32"))]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What each module of the crate may use, besides itself.
const MAY_USE: [(&str, &[&str]); 10] = [
    ("sync", &[]),
    ("model", &[]),
    ("workloads", &["model"]),
    ("engine", &["model", "workloads", "sync"]),
    ("insight", &["model"]),
    ("timeline", &["model"]),
    ("app", &["model", "insight", "timeline"]),
    ("platform", &["model", "engine", "workloads", "insight", "timeline", "app"]),
    ("ui", &["model", "insight", "timeline", "app"]),
    // Programs of their own.
    ("commands", &[]),
];

/// What only `platform` (and, where named, another) may speak of.
const BROWSER: [(&str, &[&str]); 8] = [
    ("web_sys::", &["platform", "ui"]),
    ("js_sys::", &["platform"]),
    ("wasm_bindgen", &["platform"]),
    ("gloo_timers", &["platform"]),
    ("gloo_utils", &["ui"]),
    ("yew::", &["ui"]),
    ("JsValue", &["platform"]),
    ("web_time::", &["sync"]),
];

/// Longer files are two things in one.
const LINES_MAX: usize = 600;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, ending: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.extension().is_some_and(|extension| extension == ending) {
            let text = fs::read_to_string(&path).expect("it is text");
            found.push((path, text));
        }
    }
    found
}

/// The module of the crate that a source file belongs to.
fn module_of(path: &Path) -> String {
    let relative = path.strip_prefix(root().join("src")).expect("it is below src");
    let first = relative.iter().next().expect("it has a name").to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

fn sources() -> Vec<(PathBuf, String, String)> {
    let files = files(&root().join("src"), "rs").into_iter();
    files.map(|(path, text)| (path.clone(), module_of(&path), text)).collect()
}

#[test]
fn modules_use_only_what_they_may() {
    let mut wrong = Vec::new();
    for (path, module, text) in sources() {
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == module) else { continue };
        for used in modules_used(&text) {
            let known = MAY_USE.iter().any(|(name, _)| *name == used);
            if known && used != module && !allowed.contains(&used.as_str()) {
                wrong.push(format!("{}: {module} uses {used}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The modules that a file names: `crate::a::b`, and each of `crate::{a::{b, c}, d}`.
fn modules_used(text: &str) -> Vec<String> {
    let code: String =
        text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join(" ");
    let name = |text: &str| text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let mut used = Vec::new();
    for rest in code.split("crate::").skip(1) {
        let Some(list) = rest.strip_prefix('{') else {
            used.push(name(rest));
            continue;
        };
        let (mut depth, mut start) = (0, 0);
        for (place, c) in list.char_indices() {
            match c {
                '{' => depth += 1,
                '}' | ',' if depth == 0 => {
                    used.push(name(&list[start..place]));
                    start = place + 1;
                }
                '}' => depth -= 1,
                _ => {}
            }
            if c == '}' && depth == 0 && start == place + 1 {
                break;
            }
        }
    }
    used
}

#[test]
fn names_in_lists_are_seen() {
    let text = "use crate::model::id; // crate::ui\nuse crate::{app::{self, State}, ui, sync::x};\nlet a = crate::engine::b();";
    assert_eq!(modules_used(text), ["model", "app", "ui", "sync", "engine"]);
}

#[test]
fn every_module_has_a_place_in_the_layering() {
    let modules: BTreeSet<String> = sources().into_iter().map(|(_, module, _)| module).collect();
    let known: BTreeSet<String> = MAY_USE
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .chain(["lib", "main", "worker"].map(str::to_owned))
        .collect();
    assert_eq!(modules, known);
}

#[test]
fn only_the_platform_knows_the_browser() {
    let mut wrong = Vec::new();
    for (path, module, text) in sources() {
        for (name, allowed) in BROWSER {
            if !["main", "lib", "worker"].contains(&module.as_str())
                && !allowed.contains(&module.as_str())
                && text.contains(name)
            {
                wrong.push(format!("{} speaks of {name}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_source_file_says_what_it_is_and_stays_short() {
    let folders = ["src", "tests", "benches"].map(|folder| files(&root().join(folder), "rs"));
    for (path, text) in folders.into_iter().flatten() {
        assert!(text.starts_with("//! "), "{} opens without a line that says what it is", path.display());
        let lines = text.lines().count();
        assert!(lines <= LINES_MAX, "{} has {lines} lines: two things in one?", path.display());
    }
}

#[test]
fn every_style_sheet_is_on_the_page_and_every_token_that_is_used_exists() {
    let page = fs::read_to_string(root().join("index.html")).expect("the page is there");
    let sheets = files(&root().join("www/styles"), "css");
    let tokens: BTreeSet<&str> =
        sheets.iter().flat_map(|(_, text)| text.split([' ', '\n']).filter_map(|word| word.strip_suffix(':'))).collect();
    let painter = fs::read_to_string(root().join("src/platform/page/canvas.rs")).expect("the painter is there");
    for (path, text) in &sheets {
        let name = path.file_name().expect("it has a name").to_string_lossy();
        assert!(page.contains(&format!("www/styles/{name}")), "{name} is on no page");
        for used in text.split("var(").skip(1).filter_map(|rest| rest.split([')', ',']).next()) {
            assert!(tokens.contains(used), "{name} uses {used}, which is no token");
        }
    }
    for used in painter.split('"').filter(|word| word.starts_with("--")) {
        assert!(tokens.contains(used), "the painter uses {used}, which is no token");
    }
}

#[test]
fn versions_are_exact() {
    let manifests = ["Cargo.toml", "src/commands/Cargo.toml"]
        .map(|path| fs::read_to_string(root().join(path)).expect("the manifest is there"));
    let dependencies = manifests.iter().flat_map(|manifest| manifest.lines()).scan(false, |inside, line| {
        if line.starts_with('[') {
            *inside = line.contains("dependencies");
        }
        Some((*inside, line))
    });
    for (_, line) in dependencies.filter(|(inside, line)| *inside && line.contains('"') && line.contains('=')) {
        let is_version = line.contains("version = ") || line.split('"').nth(1).is_some_and(|text| text.contains('.'));
        assert!(!is_version || line.contains("\"="), "not exact: {line}");
    }
}
