//! Subprocesses: the commands that ship with the page, and others, in workers of their own.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use overlap::engine::subprocess::{
    Event, Executable, Observer, PIPE_BYTES, Pipeline, Popen, RunError, RunOptions, SpawnError, Spec, Stamped, Stdin,
    Stdout, System, Waiting, check_output, run,
};
use overlap::model::time::Instant;
use overlap::platform::clock::{absolute_ms, now_ms};
use overlap::platform::page::process::isolated;
use overlap::platform::page::subprocess::{PipeReader, PipeWriter, SubprocessConfig, Subprocesses};
use wasm_bindgen_test::wasm_bindgen_test;

type PageSpec = Spec<PipeReader, PipeWriter>;

/// The longest that anything here may take, in milliseconds, before a person would think that it hangs.
const KNOWN_WITHIN_MS: f64 = 3_000.0;

/// Where the test server has what the page has beside it; `src/commands/build.sh` makes the commands.
fn config() -> SubprocessConfig {
    SubprocessConfig {
        script: "/www/subprocess.js".to_owned(),
        commands: "/target/commands/built/".to_owned(),
        origin_ms: absolute_ms(),
        start_time_ms: 5_000,
    }
}

fn system() -> Subprocesses {
    Subprocesses::new(config())
}

fn spec(command: &str) -> PageSpec {
    Spec::new(command.split(' '))
}

const PLAIN: RunOptions = RunOptions { timeout: None, check: false };

async fn in_time<T>(said: impl Future<Output = T>) -> T {
    let start_ms = now_ms();
    let said = said.await;
    let taken_ms = now_ms() - start_ms;
    assert!(taken_ms < KNOWN_WITHIN_MS, "it took {taken_ms} ms");
    said
}

fn text(bytes: Option<Vec<u8>>) -> String {
    String::from_utf8(bytes.expect("it is the parent's")).expect("it is text")
}

/// What a run of a command gives: its return code, stdout and stderr.
async fn outcome(spec: PageSpec) -> (i32, String, String) {
    let completed = run(&system(), spec, PLAIN).await.expect("it runs");
    (completed.returncode, text(completed.stdout), text(completed.stderr))
}

/// A module of a few bytes: `start` is exported by this name, and may call `proc_exit`, function 0, of this module.
fn module(from: &str, name: &str, start: &[u8]) -> Executable {
    let string = |text: &str| [&[text.len() as u8], text.as_bytes()].concat();
    let section = |id: u8, content: &[u8]| [&[id, content.len() as u8], content].concat();
    let import = [&[1][..], &string(from), &string("proc_exit"), &[0, 1]].concat();
    let export = [&[2][..], &string("memory"), &[2, 0], &string(name), &[0, 1]].concat();
    let body = [&[0][..], start, &[0x0b]].concat();
    let code = [&[1, body.len() as u8][..], &body].concat();
    let sections = [
        section(1, &[2, 0x60, 0, 0, 0x60, 1, 0x7f, 0]),
        section(2, &import),
        section(3, &[1, 0]),
        section(5, &[1, 0, 1]),
        section(7, &export),
        section(10, &code),
    ];
    Executable::Bytes([b"\0asm\x01\0\0\0".to_vec(), sections.concat()].concat())
}

const WASI: &str = "wasi_snapshot_preview1";
const UNREACHABLE: &[u8] = &[0x00];
const EXIT_3: &[u8] = &[0x41, 3, 0x10, 0];
const FOR_EVER: &[u8] = &[0x03, 0x40, 0x0c, 0, 0x0b];

fn made(start: &[u8]) -> PageSpec {
    spec("made").executable(module(WASI, "_start", start))
}

#[wasm_bindgen_test]
async fn a_command_has_arguments_an_environment_and_a_stdout() {
    assert_eq!(outcome(spec("primes -c 100000")).await, (0, "9592\n".into(), String::new()));
    assert_eq!(outcome(spec("primes 12")).await.1, "2\n3\n5\n7\n11\n");
    let env = spec("printenv").env("FRUIT", "pear").env("EMPTY", "");
    assert_eq!(outcome(env).await.1, "FRUIT=pear\nEMPTY=\n");
    let not_ascii = spec("printenv FRÜCHTE").env("FRÜCHTE", "Äpfel");
    assert_eq!(outcome(not_ascii).await.1, "Äpfel\n");
}

#[wasm_bindgen_test]
async fn a_command_has_an_exit_code_and_a_stderr() {
    assert_eq!(outcome(made(EXIT_3)).await, (3, String::new(), String::new()));
    assert_eq!(outcome(spec("printenv NONE")).await.0, 1);
    let wrong = outcome(spec("primes many")).await;
    assert_eq!(wrong, (2, String::new(), "primes: usage: primes [-c] LIMIT\n".into()));
    let failed = run(&system(), made(EXIT_3), RunOptions { check: true, ..PLAIN }).await;
    assert!(matches!(failed, Err(RunError::Failed(error)) if error.0.returncode == 3));
}

#[wasm_bindgen_test]
async fn a_command_reads_the_bytes_that_it_was_given() {
    assert_eq!(outcome(spec("wc").input("one two\nthree\n")).await.1, "2 3 14\n");
    assert_eq!(outcome(spec("upper").input("straße")).await.1, "STRAßE");
    assert_eq!(outcome(spec("wc -c")).await.1, "0\n", "none at all");
}

#[wasm_bindgen_test]
async fn its_parent_writes_to_it_while_it_runs_and_sees_each_piece_come() {
    let system = system();
    let mut process = Popen::spawn(&system, spec("upper").stdin(Stdin::Pipe)).await.expect("it starts");
    for (piece, expected) in [("pear", "PEAR"), ("fig", "FIG")] {
        process.write_stdin(piece.as_bytes()).await.expect("it reads");
        in_time(async {
            while process.output().stdout.as_deref() == Some(b"") {
                process.next_event().await;
            }
        })
        .await;
        assert_eq!(text(process.take_output().stdout), expected);
        assert_eq!(process.poll(), None, "it waits for more");
    }
    process.close_stdin();
    assert_eq!(in_time(process.wait(None)).await, Ok(0));
    assert!(process.write_stdin(b"late").await.is_err());
}

#[wasm_bindgen_test]
async fn a_million_bytes_go_through_pipes_that_hold_less() {
    let system = system();
    let mut process = Popen::spawn(&system, spec("sha256sum").stdin(Stdin::Pipe)).await.expect("it starts");
    let output = in_time(process.communicate(Some(vec![b'a'; 1_000_000]), None)).await.expect("it ends");
    let expected = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0  -\n";
    assert_eq!(text(output.stdout), expected, "the example of FIPS 180-4");
    let mut process = Popen::spawn(&system, spec("upper").stdin(Stdin::Pipe)).await.expect("it starts");
    let output = in_time(process.communicate(Some(vec![b'a'; 1_000_000]), None)).await.expect("it ends");
    assert!(output.stdout == Some(vec![b'A'; 1_000_000]));
}

#[wasm_bindgen_test]
async fn a_pipeline_of_three_gives_what_a_shell_gives() {
    let system = system();
    let specs = vec![spec("primes 100000"), spec("upper"), spec("wc")];
    let mut pipeline = Pipeline::spawn(&system, specs).await.expect("all start");
    let output = in_time(pipeline.communicate(None)).await.expect("all end");
    assert_eq!(text(output.stdout), "9592 9592 56126\n");
    assert_eq!(output.returncodes, [0, 0, 0]);
}

/// What happened to a process, as it is told.
fn observed() -> (Rc<RefCell<Vec<Stamped>>>, Option<Observer>) {
    let told: Rc<RefCell<Vec<Stamped>>> = Rc::default();
    let observer = told.clone();
    (told, Some(Box::new(move |stamped: &Stamped| observer.borrow_mut().push(stamped.clone()))))
}

#[wasm_bindgen_test]
async fn a_full_pipe_makes_its_writer_wait_and_all_of_it_has_its_time() {
    let system = system();
    let (reader, writer) = system.pipe().expect("the tests' page is isolated");
    let (told, observer) = observed();
    let primes = spec("primes 200000").stdout(Stdout::To(writer));
    let mut primes = Popen::spawn_observed(&system, primes, observer).await.expect("it starts");
    let blocked = in_time(primes.next_event()).await.expect("it has not ended");
    assert_eq!(blocked.event, Event::Blocked(Waiting::Stdout));
    assert_eq!(blocked.written_bytes, u64::from(PIPE_BYTES), "a pipe holds so much");
    system.sleep(Duration::from_millis(50)).await;
    assert_eq!(primes.poll(), None, "it waits");
    let wc = Popen::spawn(&system, spec("wc -l").stdin(Stdin::From(reader))).await;
    let output = in_time(wc.expect("it starts").communicate(None, None)).await.expect("it ends");
    assert_eq!(text(output.stdout), "17984\n");
    assert_eq!(in_time(primes.wait(None)).await, Ok(0));
    let told = told.borrow();
    assert_eq!(told[0].event, Event::Started);
    assert!(told.is_sorted_by_key(|stamped| stamped.at));
    let unblocked = told.iter().find(|stamped| stamped.event == Event::Unblocked(Waiting::Stdout)).expect("it went on");
    assert!(unblocked.at - blocked.at >= Duration::from_millis(49), "{unblocked:?}");
    let end = told.last().expect("it ended");
    assert_eq!((&end.event, end.written_bytes), (&Event::Exited(0), 114_870));
    assert!(end.at <= Instant::from_ms(60_000.0), "it is on the axis: {end:?}");
}

#[wasm_bindgen_test]
async fn one_who_writes_to_nobody_is_told_so() {
    let system = system();
    let (reader, writer) = system.pipe().expect("the tests' page is isolated");
    let mut primes =
        Popen::spawn(&system, spec("primes 4000000000").stdout(Stdout::To(writer))).await.expect("it starts");
    drop(reader);
    let output = in_time(primes.communicate(None, None)).await.expect("it ends");
    assert_eq!((primes.returncode(), text(output.stderr)), (Some(1), "primes: write error: Broken pipe\n".to_owned()));
}

#[wasm_bindgen_test]
async fn what_does_not_end_in_time_is_killed() {
    let system = system();
    let options = RunOptions { timeout: Some(Duration::from_millis(100)), check: false };
    let computes = in_time(run(&system, made(FOR_EVER), options)).await;
    assert!(matches!(computes, Err(RunError::TimedOut(_))), "{computes:?}");
    // One that reads what nobody writes.
    let (_reads_nothing, observer) = observed();
    let mut reads = Popen::spawn_observed(&system, spec("wc").stdin(Stdin::Pipe), observer).await.expect("it starts");
    let blocked = in_time(reads.next_event()).await.expect("it has not ended");
    assert_eq!(blocked.event, Event::Blocked(Waiting::Stdin));
    assert!(reads.wait(Some(Duration::from_millis(100))).await.is_err());
    reads.kill();
    assert_eq!(in_time(reads.wait(None)).await, Ok(-9));
    // And one whose reader waits for it: its death is the end of what that reads.
    let specs = vec![made(FOR_EVER), spec("wc")];
    let mut pipeline = Pipeline::spawn(&system, specs).await.expect("both start");
    assert!(pipeline.communicate(Some(Duration::from_millis(100))).await.is_err());
    pipeline.processes[0].kill();
    let output = in_time(pipeline.communicate(None)).await.expect("both end");
    assert_eq!((output.returncodes, text(output.stdout)), (vec![-9, 0], "0 0 0\n".to_owned()));
}

#[wasm_bindgen_test]
async fn a_trap_is_an_end_of_its_own_with_the_browsers_words() {
    let completed = in_time(run(&system(), made(UNREACHABLE), PLAIN)).await.expect("it runs");
    assert_eq!(completed.returncode, -6);
    assert!(completed.trap.as_deref().is_some_and(|words| words.contains("unreachable")), "{completed:?}");
}

/// Why a command does not start.
async fn refused(spec: PageSpec) -> String {
    in_time(Popen::spawn(&system(), spec)).await.expect_err("it is none").to_string()
}

#[wasm_bindgen_test]
async fn what_is_no_command_says_so_and_what_to_do() {
    let bytes = |bytes: &[u8]| spec("made").executable(Executable::Bytes(bytes.to_vec()));
    let no_wasm = refused(bytes(b"<!doctype html>")).await;
    assert!(no_wasm.contains("no WebAssembly") && no_wasm.contains("wasm32-wasip1"), "{no_wasm}");
    assert!(refused(bytes(b"\0asm\x01\0\0\0garbage")).await.contains("the browser says"));
    assert!(refused(bytes(b"\0asm\x0d\0\x01\0")).await.contains("component"));
    let named = |from, name| spec("made").executable(module(from, name, EXIT_3));
    assert!(refused(named(WASI, "_begin")).await.contains("no _start"));
    assert!(refused(named("env", "_start")).await.contains("env.proc_exit"));
    let missing = refused(spec("there-is-no-such-command")).await;
    assert!(missing.contains("not found") && missing.contains("404"), "{missing}");
}

#[wasm_bindgen_test]
async fn a_worker_that_does_not_start_is_an_error() {
    let with = |script: &str| {
        Subprocesses::new(SubprocessConfig { script: script.to_owned(), start_time_ms: 300, ..config() })
    };
    let no_script = with("/there-is-no-such-script.js");
    let failed = in_time(Popen::spawn(&no_script, made(EXIT_3))).await;
    assert!(matches!(failed, Err(SpawnError::NoWorker(_))), "{failed:?}");
    let silent = with("data:text/javascript,setInterval(() => {}, 1000)");
    let failed = in_time(Popen::spawn(&silent, made(EXIT_3))).await;
    assert!(matches!(failed, Err(SpawnError::StartTimedOut(300))), "{failed:?}");
}

/// Twenty that compute for ever would leave nothing of the cores.
#[wasm_bindgen_test]
async fn what_is_dropped_is_gone() {
    let system = system();
    for _ in 0..4 {
        let mut dropped = Vec::new();
        for _ in 0..5 {
            dropped.push(Popen::spawn(&system, made(FOR_EVER)).await.expect("it starts"));
        }
    }
    let counted = in_time(check_output(&system, spec("primes -c 200000"), None)).await;
    assert_eq!(counted, Ok(b"17984\n".to_vec()));
}

/// Told apart by how the tests are run: with `WASM_BINDGEN_TEST_NO_ORIGIN_ISOLATION=1`, this page may share no memory.
#[wasm_bindgen_test]
async fn without_shared_memory_there_are_no_pipes_and_all_else_is_the_same() {
    let system = system();
    let piped = Popen::spawn(&system, spec("wc").stdin(Stdin::Pipe)).await;
    if isolated() {
        assert!(piped.is_ok() && system.pipe().is_ok());
    } else {
        assert_eq!(piped.err(), Some(SpawnError::NoSharedMemory));
        assert_eq!(system.pipe().err(), Some(SpawnError::NoSharedMemory));
    }
    assert_eq!(outcome(spec("upper").input("pear")).await.1, "PEAR");
}
