//! What a slice of VizTracer's says of its thread: which of CPython's functions wait, and what runs a task.
//!
//! VizTracer names a Python function `QUALNAME (FILE:LINE)` and a C function by its name alone.

use crate::model::event::Phase;

/// What a thread does while this slice is the innermost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// It computes: nothing says anything else.
    Computing,
    /// It does this.
    Fixed(Phase),
    /// It waits, for what the functions around it say, or else for this.
    Waits(Phase),
}

/// What a function is to those who run tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Other,
    /// What runs one task: the task is what it calls.
    Task,
    /// The loop of a pool's worker. What waits in it, outside of a task, is idle.
    Worker,
    /// The body of a thread or a process: a task, unless what it calls is one of Python's own.
    Body,
    /// A step of an event loop's callback, in which coroutines run.
    Step,
}

/// A function, as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    pub doing: Doing,
    /// What waits inside of it wait for.
    pub waits_for: Option<Phase>,
    pub role: Role,
    /// Whether it is a part of what runs tasks, and no task itself.
    pub is_internal: bool,
    /// Whether it is written in Python.
    pub has_file: bool,
}

impl Frame {
    const OTHER: Frame =
        Frame { doing: Doing::Computing, waits_for: None, role: Role::Other, is_internal: false, has_file: false };

    /// Whether a pool's worker that calls it runs a task by that.
    pub fn may_be_task(self) -> bool {
        self.has_file && !self.is_internal
    }
}

/// The part of a slice's name that a person reads: without its file.
pub fn function(name: &str) -> &str {
    name.split_once(" (").map_or(name, |(function, _)| function)
}

/// Reads the name of a slice.
pub fn frame(name: &str) -> Frame {
    match name.split_once(" (").filter(|(_, place)| place.ends_with(')')) {
        Some((function, place)) => {
            let file = place.trim_end_matches(')').rsplit_once(':').map_or(place, |(file, _)| file);
            python(function, &file.replace('\\', "/"))
        }
        None => Frame { doing: c_function(name), ..Frame::OTHER },
    }
}

fn c_function(name: &str) -> Doing {
    let (module, function) = name.rsplit_once('.').unwrap_or(("", name));
    match (module, function) {
        ("time", "sleep") => Doing::Fixed(Phase::Sleeping),
        ("_thread.lock" | "_thread.RLock" | "_multiprocessing.SemLock", "acquire" | "__enter__") => {
            Doing::Waits(Phase::WaitingMutex)
        }
        ("_queue.SimpleQueue", "get") => Doing::Waits(Phase::WaitingQueue),
        ("select", "select")
        | ("select.poll" | "select.epoll" | "select.devpoll", "poll")
        | ("select.kqueue", "control") => Doing::Waits(Phase::WaitingIo),
        (
            "_socket.socket" | "socket.socket" | "_ssl._SSLSocket",
            "recv" | "recv_into" | "recvfrom" | "accept" | "connect" | "connect_ex" | "sendall" | "read"
            | "do_handshake",
        )
        | ("_socket", "getaddrinfo" | "gethostbyname")
        | ("posix" | "nt", "read") => Doing::Waits(Phase::WaitingIo),
        ("posix" | "nt", "waitpid" | "wait4" | "wait" | "waitid")
        | ("_winapi", "WaitForSingleObject" | "WaitForMultipleObjects") => Doing::Waits(Phase::WaitingJoin),
        ("_pickle" | "pickle" | "ForkingPickler" | "_pickle.Pickler", "dumps" | "dump") => {
            Doing::Fixed(Phase::Serialising)
        }
        ("_pickle" | "pickle" | "_pickle.Unpickler", "loads" | "load") => Doing::Fixed(Phase::Deserialising),
        ("posix", "fork" | "posix_spawn") | ("_posixsubprocess", "fork_exec") | ("_winapi", "CreateProcess") => {
            Doing::Fixed(Phase::Instantiating)
        }
        _ => Doing::Computing,
    }
}

fn python(function: &str, file: &str) -> Frame {
    let in_file = |end: &str| file.ends_with(end);
    let is_internal = file.contains("/multiprocessing/")
        || file.contains("/concurrent/futures/")
        || file.contains("/asyncio/")
        || in_file("/threading.py")
        || file.starts_with('<');
    let frame = Frame { is_internal, has_file: true, ..Frame::OTHER };
    let waits = |phase| Frame { doing: Doing::Waits(phase), waits_for: Some(phase), ..frame };
    let role = |role| Frame { role, ..frame };
    match function {
        "_WorkItem.run" if in_file("concurrent/futures/thread.py") => role(Role::Task),
        "_process_chunk" if in_file("concurrent/futures/process.py") => role(Role::Task),
        "mapstar" | "starmapstar" if in_file("multiprocessing/pool.py") => role(Role::Task),
        "_worker" if in_file("concurrent/futures/thread.py") => role(Role::Worker),
        "_process_worker" if in_file("concurrent/futures/process.py") => role(Role::Worker),
        "worker" if in_file("multiprocessing/pool.py") => role(Role::Worker),
        "Thread.run" if in_file("threading.py") => role(Role::Body),
        "BaseProcess.run" if in_file("multiprocessing/process.py") => role(Role::Body),
        "Handle._run" if in_file("asyncio/events.py") => role(Role::Step),
        "Future.result" | "Future.exception" | "wait" | "as_completed" if in_file("concurrent/futures/_base.py") => {
            waits(Phase::WaitingJoin)
        }
        "ApplyResult.get" | "ApplyResult.wait" | "IMapIterator.next" if in_file("multiprocessing/pool.py") => {
            waits(Phase::WaitingJoin)
        }
        "Thread.join" | "Thread._wait_for_tstate_lock" | "Event.wait" if in_file("threading.py") => {
            waits(Phase::WaitingJoin)
        }
        "Condition.wait" | "Semaphore.acquire" | "Barrier.wait" if in_file("threading.py") => {
            Frame { doing: Doing::Waits(Phase::WaitingMutex), ..frame }
        }
        "BaseProcess.join" | "Popen.wait" if file.contains("/multiprocessing/") => waits(Phase::WaitingJoin),
        "Popen.wait" | "Popen._wait" | "Popen.communicate" | "Popen._communicate" if in_file("subprocess.py") => {
            waits(Phase::WaitingJoin)
        }
        "Queue.get" | "Queue.put" | "Queue.join" if in_file("/queue.py") => waits(Phase::WaitingQueue),
        "Queue.get" | "SimpleQueue.get" if in_file("multiprocessing/queues.py") => waits(Phase::WaitingQueue),
        "Connection._recv" | "_ConnectionBase.recv" | "_ConnectionBase.recv_bytes" | "_ConnectionBase.poll"
            if in_file("multiprocessing/connection.py") =>
        {
            Frame { waits_for: Some(Phase::WaitingPipe), ..frame }
        }
        // What a coroutine awaits.
        "sleep" if in_file("asyncio/tasks.py") => Frame { waits_for: Some(Phase::Sleeping), ..frame },
        "gather" | "wait" | "wait_for" | "shield" if in_file("asyncio/tasks.py") => {
            Frame { waits_for: Some(Phase::WaitingJoin), ..frame }
        }
        "to_thread" if in_file("asyncio/threads.py") => Frame { waits_for: Some(Phase::WaitingJoin), ..frame },
        "Lock.acquire" | "Semaphore.acquire" | "Condition.wait" | "Event.wait" if in_file("asyncio/locks.py") => {
            Frame { waits_for: Some(Phase::WaitingMutex), ..frame }
        }
        "Queue.get" | "Queue.put" | "Queue.join" if in_file("asyncio/queues.py") => {
            Frame { waits_for: Some(Phase::WaitingQueue), ..frame }
        }
        _ => frame,
    }
}

/// Whether a coroutine is one of `asyncio.run`'s own, which no program asked for.
pub fn is_of_the_loop(name: &str) -> bool {
    ["BaseEventLoop.shutdown_asyncgens", "BaseEventLoop.shutdown_default_executor"].contains(&function(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_and_what_runs_tasks_is_known_by_its_name() {
        let lib = "/usr/lib/python3.11";
        let doing = |name: &str| frame(name).doing;
        assert_eq!(doing("time.sleep"), Doing::Fixed(Phase::Sleeping));
        assert_eq!(doing("_thread.lock.acquire"), Doing::Waits(Phase::WaitingMutex));
        assert_eq!(doing("select.epoll.poll"), Doing::Waits(Phase::WaitingIo));
        assert_eq!(doing("_socket.socket.recv"), Doing::Waits(Phase::WaitingIo));
        assert_eq!(doing("_pickle.loads"), Doing::Fixed(Phase::Deserialising));
        assert_eq!(doing("builtins.len"), Doing::Computing);
        assert_eq!(doing("sleep (/home/me/mine.py:4)"), Doing::Computing, "a function of theirs of that name");
        let run = frame(&format!("_WorkItem.run ({lib}/concurrent/futures/thread.py:53)"));
        assert_eq!((run.role, run.is_internal), (Role::Task, true));
        let result = frame(&format!("Future.result ({lib}/concurrent/futures/_base.py:428)"));
        assert_eq!((result.waits_for, result.role), (Some(Phase::WaitingJoin), Role::Other));
        let windows = frame(r"worker (C:\Python\Lib\multiprocessing\pool.py:97)");
        assert_eq!(windows.role, Role::Worker);
        assert!(frame("work (/tmp/prog.py:5)").may_be_task() && !frame("_pickle.loads").may_be_task());
        assert_eq!(function("C.method (/a b/(c).py:5)"), "C.method");
    }
}
