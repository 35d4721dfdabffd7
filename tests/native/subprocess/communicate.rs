//! Input and output at the same time: the `test_communicate_*` of `test_subprocess.py`.

use std::time::Duration;

use overlap::engine::subprocess::{CommunicateError, Output, Popen, Stderr, Stdin, Stdout};

use super::system::{Simulated, spec};

const LARGE: usize = 1 << 20;

fn output(stdout: impl Into<Vec<u8>>, stderr: &str) -> Output {
    Output { stdout: Some(stdout.into()), stderr: Some(stderr.into()) }
}

#[test]
fn test_communicate_stdin() {
    let system = Simulated::default();
    system.run(async {
        let wc = spec("wc").stdin(Stdin::Pipe);
        let mut process = Popen::spawn(&system, wc).await.unwrap();
        assert_eq!(process.communicate(Some(b"pear".to_vec()), None).await, Ok(output("4", "")));
        assert_eq!(process.returncode(), Some(0));
    });
}

#[test]
fn test_communicate_stdout() {
    let system = Simulated::default();
    system.run(async {
        let mut process = Popen::spawn(&system, spec("echo pineapple").stderr(Stderr::Null)).await.unwrap();
        let expected = Output { stdout: Some(b"pineapple".to_vec()), stderr: None };
        assert_eq!(process.communicate(None, None).await, Ok(expected));
    });
}

#[test]
fn test_communicate_stderr() {
    let system = Simulated::default();
    system.run(async {
        let mut process = Popen::spawn(&system, spec("warn pineapple").stdout(Stdout::Null)).await.unwrap();
        let expected = Output { stdout: None, stderr: Some(b"pineapple".to_vec()) };
        assert_eq!(process.communicate(None, None).await, Ok(expected));
    });
}

#[test]
fn test_communicate() {
    let system = Simulated::default();
    system.run(async {
        let mut process = Popen::spawn(&system, spec("cat").stdin(Stdin::Pipe)).await.unwrap();
        assert_eq!(process.communicate(Some(b"banana".to_vec()), None).await, Ok(output("banana", "6")));
    });
}

#[test]
fn test_communicate_returns() {
    let system = Simulated::default();
    system.run(async {
        let silent = spec("exit 47").stdout(Stdout::Null).stderr(Stderr::Null);
        let mut process = Popen::spawn(&system, silent).await.unwrap();
        assert_eq!(process.communicate(None, None).await, Ok(Output::default()));
    });
}

/// Without input, stdin is closed: who reads it finds its end.
#[test]
fn test_communicate_closes_stdin() {
    let system = Simulated::default();
    system.run(async {
        let mut process = Popen::spawn(&system, spec("wc").stdin(Stdin::Pipe)).await.unwrap();
        assert_eq!(process.communicate(None, None).await, Ok(output("0", "")));
    });
}

#[test]
fn test_communicate_timeout() {
    let system = Simulated::default();
    system.run(async {
        let mut process = Popen::spawn(&system, spec("sleep 1000").stdin(Stdin::Pipe)).await.unwrap();
        let input = Some(b"banana".to_vec());
        let expired = process.communicate(input, Some(Duration::from_millis(300))).await.expect_err("too short");
        assert!(matches!(expired, CommunicateError::TimedOut(_)));
        // As in CPython: the input was given, and the rest is as if there had been no timeout.
        let again = process.communicate(Some(b"pear".to_vec()), None).await;
        assert_eq!(again, Err(CommunicateError::InputAfterStart));
        assert_eq!(process.communicate(None, None).await, Ok(output("", "")));
        assert_eq!(system.now(), Duration::from_secs(1));
    });
}

#[test]
fn test_communicate_timeout_large_output() {
    let system = Simulated::default();
    system.run(async {
        let mut process = Popen::spawn(&system, spec("cat").stdin(Stdin::Pipe)).await.unwrap();
        process.write_stdin(&[b'a'; 1_000]).await.unwrap();
        let expired = process.wait(Some(Duration::from_millis(400))).await.expect_err("it waits for more");
        assert_eq!(expired.output, Some(vec![b'a'; 1_000]), "what there is so far");
        let all = [vec![b'a'; 1_000], vec![b'b'; LARGE]].concat();
        let (b, size) = (vec![b'b'; LARGE], all.len().to_string());
        assert_eq!(process.communicate(Some(b), None).await, Ok(output(all, &size)), "nothing is lost");
    });
}

/// More than a pipe holds, in both directions at once.
#[test]
fn test_communicate_pipe_buf() {
    let system = Simulated::default();
    system.run(async {
        let mut process = Popen::spawn(&system, spec("cat").stdin(Stdin::Pipe)).await.unwrap();
        let large = vec![b'x'; LARGE];
        let size = LARGE.to_string();
        assert_eq!(process.communicate(Some(large.clone()), None).await, Ok(output(large, &size)));
    });
}

#[test]
fn test_writes_before_communicate() {
    let system = Simulated::default();
    system.run(async {
        let mut process = Popen::spawn(&system, spec("cat").stdin(Stdin::Pipe)).await.unwrap();
        process.write_stdin(b"banana").await.unwrap();
        assert_eq!(process.communicate(Some(b"split".to_vec()), None).await, Ok(output("bananasplit", "11")));
    });
}

/// A write that is larger than a pipe, to one who writes all it reads: neither waits for the other for ever.
#[test]
fn test_large_write() {
    let system = Simulated::default();
    system.run(async {
        let mut process = Popen::spawn(&system, spec("cat").stdin(Stdin::Pipe)).await.unwrap();
        process.write_stdin(&vec![b'x'; LARGE]).await.unwrap();
        process.close_stdin();
        assert_eq!(process.wait(None).await, Ok(0));
        assert_eq!(process.take_output().stdout.map(|bytes| bytes.len()), Some(LARGE));
    });
}

/// One who ends without reading its input is no error.
#[test]
fn test_communicate_epipe() {
    let system = Simulated::default();
    system.run(async {
        let mut process = Popen::spawn(&system, spec("true").stdin(Stdin::Pipe)).await.unwrap();
        assert_eq!(process.communicate(Some(vec![b'x'; LARGE]), None).await, Ok(output("", "")));
    });
}

#[test]
fn test_broken_pipe_cleanup() {
    let system = Simulated::default();
    system.run(async {
        let mut process = Popen::spawn(&system, spec("true").stdin(Stdin::Pipe)).await.unwrap();
        assert_eq!(process.wait(None).await, Ok(0));
        assert!(process.write_stdin(&vec![b'x'; LARGE]).await.is_err());
        process.close_stdin();
        assert!(process.write_stdin(b"x").await.is_err());
    });
}

#[test]
fn input_for_a_stdin_that_is_not_the_parents_is_an_error() {
    let system = Simulated::default();
    system.run(async {
        let mut process = Popen::spawn(&system, spec("cat")).await.unwrap();
        assert_eq!(process.communicate(Some(b"pear".to_vec()), None).await, Err(CommunicateError::NoStdin));
    });
}
