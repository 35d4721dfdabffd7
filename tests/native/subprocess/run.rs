//! Commands from start to end: `RunFuncTestCase`, `check_output` and the words of errors in `test_subprocess.py`.

use std::time::Duration;

use overlap::engine::subprocess::{Popen, RunError, RunOptions, SpawnError, Stdin, Stdout, System, check_output, run};

use super::system::{Simulated, spec};

const CHECK: RunOptions = RunOptions { timeout: None, check: true };

#[test]
fn test_returncode() {
    let system = Simulated::default();
    let completed = system.run(run(&system, spec("exit 47"), RunOptions::default())).unwrap();
    assert_eq!((completed.returncode, completed.args.as_slice()), (47, ["exit", "47"].map(String::from).as_slice()));
    let error = completed.check_returncode().expect_err("it is not 0");
    assert_eq!(error.to_string(), r#"Command ["exit", "47"] returned non-zero exit status 47."#);
}

#[test]
fn test_check() {
    let system = Simulated::default();
    let failed = system.run(run(&system, spec("exit 47"), CHECK));
    assert!(matches!(failed, Err(RunError::Failed(error)) if error.0.returncode == 47));
}

#[test]
fn test_check_zero() {
    let system = Simulated::default();
    let completed = system.run(run(&system, spec("exit 0"), CHECK)).unwrap();
    assert_eq!(completed.returncode, 0);
}

#[test]
fn test_timeout() {
    let system = Simulated::default();
    let options = RunOptions { timeout: Some(Duration::from_millis(100)), check: false };
    let expired = system.run(run(&system, spec("sleep 100000"), options)).expect_err("too short");
    assert_eq!(expired.to_string(), r#"Command ["sleep", "100000"] timed out after 0.1 seconds"#);
    assert_eq!(system.alive(), 0, "it was killed");
    assert_eq!(system.now(), Duration::from_millis(100));
}

#[test]
fn test_capture_output() {
    let system = Simulated::default();
    let completed = system.run(run(&system, spec("cat").input("pear"), RunOptions::default())).unwrap();
    assert_eq!((completed.stdout, completed.stderr), (Some(b"pear".to_vec()), Some(b"4".to_vec())));
}

#[test]
fn test_run_kwargs() {
    let system = Simulated::default();
    let with_env = spec("env").env("FRUIT", "banana").env("A", "");
    let completed = system.run(run(&system, with_env, CHECK)).unwrap();
    assert_eq!(completed.stdout.as_deref(), Some(&b"FRUIT=banana\nA=\n"[..]));
}

#[test]
fn test_check_output() {
    let system = Simulated::default();
    assert_eq!(system.run(check_output(&system, spec("echo BDFL"), None)), Ok(b"BDFL".to_vec()));
}

#[test]
fn test_check_output_nonzero() {
    let system = Simulated::default();
    let failed = system.run(check_output(&system, spec("exit 5"), None));
    assert!(matches!(failed, Err(RunError::Failed(error)) if error.0.returncode == 5));
}

#[test]
fn test_check_output_input_arg() {
    let system = Simulated::default();
    assert_eq!(system.run(check_output(&system, spec("cat").input("pear"), None)), Ok(b"pear".to_vec()));
}

/// What was written before time was up is not lost.
#[test]
fn test_check_output_timeout() {
    let system = Simulated::default();
    let expired = system.run(async {
        let (reader, writer) = system.pipe().unwrap();
        let (mut first, cat) = (spec("cat"), spec("cat").stdin(Stdin::From(reader)));
        (first.stdin, first.stdout) = (Stdin::Pipe, Stdout::To(writer));
        let mut first = Popen::spawn(&system, first).await.unwrap();
        first.write_stdin(b"pear").await.unwrap();
        check_output(&system, cat, Some(Duration::from_secs(1))).await
    });
    let Err(RunError::TimedOut(expired)) = expired else { panic!("{expired:?}") };
    assert_eq!(expired.output.as_deref(), Some(&b"pear"[..]));
}

#[test]
fn test_call_string_of_a_trap() {
    let system = Simulated::default();
    let failed = system.run(run(&system, spec("trap"), CHECK)).expect_err("it trapped");
    assert_eq!(failed.to_string(), r#"Command ["trap"] trapped: unreachable"#);
}

#[test]
fn test_file_not_found() {
    let system = Simulated::default();
    let failed = system.run(run(&system, spec("none"), CHECK));
    assert!(matches!(failed, Err(RunError::NotStarted(SpawnError::NotFound { .. }))));
}
