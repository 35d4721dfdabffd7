//! A system for tests: commands are coroutines, pipes are queues, and time stands still until everything waits.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures_util::StreamExt;
use overlap::engine::subprocess::{
    BrokenPipe, Child, Event, PIPE_BYTES, SpawnError, Spec, Stamped, Stderr, Stdin, Stdout, System, Waiting,
};
use overlap::model::time::Instant;

/// A spec of this system.
pub type SimulatedSpec = Spec<Reader, Writer>;

/// A spec by its words.
pub fn spec(command: &str) -> SimulatedSpec {
    Spec::new(command.split(' '))
}

#[derive(Default)]
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

type Task = Pin<Box<dyn Future<Output = ()>>>;

#[derive(Default)]
struct World {
    now_ns: Cell<u64>,
    timers: RefCell<BTreeMap<u64, Vec<Waker>>>,
    tasks: RefCell<BTreeMap<u32, Task>>,
    spawned: Cell<u32>,
}

/// The system. A clone is the same one.
#[derive(Clone, Default)]
pub struct Simulated(Rc<World>);

impl Simulated {
    /// Runs a future, the commands, and time with them, until the future ends.
    ///
    /// # Panics
    /// If everything waits and no time brings what for.
    pub fn run<T>(&self, future: impl Future<Output = T>) -> T {
        let flag = Arc::new(Flag::default());
        let waker = Waker::from(flag.clone());
        let mut context = Context::from_waker(&waker);
        let mut future = pin!(future);
        loop {
            flag.0.store(false, Ordering::Relaxed);
            if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
                return value;
            }
            let numbers: Vec<u32> = self.0.tasks.borrow().keys().copied().collect();
            for number in numbers {
                // Out of the map while it runs, so that what it does may look at the map.
                let task = self.0.tasks.borrow_mut().remove(&number);
                let Some(mut task) = task else { continue };
                if task.as_mut().poll(&mut context).is_pending() {
                    self.0.tasks.borrow_mut().insert(number, task);
                }
            }
            if !flag.0.load(Ordering::Relaxed) {
                let (next, wakers) = self.0.timers.borrow_mut().pop_first().expect("a deadlock: everything waits");
                self.0.now_ns.set(self.0.now_ns.get().max(next));
                wakers.into_iter().for_each(Waker::wake);
            }
        }
    }

    /// How many commands have neither ended nor been ended.
    pub fn alive(&self) -> usize {
        self.0.tasks.borrow().len()
    }

    /// How much time has passed.
    pub fn now(&self) -> Duration {
        Duration::from_nanos(self.0.now_ns.get())
    }
}

struct Queue {
    bytes: VecDeque<u8>,
    reader_gone: bool,
    writer_gone: bool,
    wakers: Vec<Waker>,
}

impl Queue {
    fn changed(&mut self) {
        self.wakers.drain(..).for_each(Waker::wake);
    }
}

/// The ends of a pipe.
pub struct Reader(Rc<RefCell<Queue>>);
pub struct Writer(Rc<RefCell<Queue>>);

impl Drop for Reader {
    fn drop(&mut self) {
        let mut queue = self.0.borrow_mut();
        queue.reader_gone = true;
        queue.changed();
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let mut queue = self.0.borrow_mut();
        queue.writer_gone = true;
        queue.changed();
    }
}

fn new_pipe() -> (Reader, Writer) {
    let queue = Queue { bytes: VecDeque::new(), reader_gone: false, writer_gone: false, wakers: Vec::new() };
    let queue = Rc::new(RefCell::new(queue));
    (Reader(queue.clone()), Writer(queue))
}

impl Reader {
    fn poll_read(&self, context: &mut Context<'_>, most: usize) -> Poll<Vec<u8>> {
        let mut queue = self.0.borrow_mut();
        if queue.bytes.is_empty() && !queue.writer_gone {
            queue.wakers.push(context.waker().clone());
            return Poll::Pending;
        }
        let count = most.min(queue.bytes.len());
        let bytes = queue.bytes.drain(..count).collect();
        queue.changed();
        Poll::Ready(bytes)
    }
}

impl Writer {
    fn poll_write(&self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize, BrokenPipe>> {
        let mut queue = self.0.borrow_mut();
        if queue.reader_gone {
            return Poll::Ready(Err(BrokenPipe));
        }
        let room = PIPE_BYTES as usize - queue.bytes.len();
        if room == 0 && !bytes.is_empty() {
            queue.wakers.push(context.waker().clone());
            return Poll::Pending;
        }
        let count = room.min(bytes.len());
        queue.bytes.extend(&bytes[..count]);
        queue.changed();
        Poll::Ready(Ok(count))
    }
}

enum Sink {
    Null,
    /// To the parent, who counts down what it has not taken.
    Parent(Rc<Cell<usize>>),
    Pipe(Writer),
}

/// What a command can do.
struct Io {
    world: Simulated,
    args: Vec<String>,
    env: Vec<(String, String)>,
    stdin: Stdin<Reader>,
    stdout: Sink,
    stderr: Stderr,
    tell: Teller,
}

/// Tells the parent.
#[derive(Clone)]
struct Teller {
    world: Simulated,
    events: UnboundedSender<Stamped>,
    read_bytes: Rc<Cell<u64>>,
    written_bytes: Rc<Cell<u64>>,
}

impl Teller {
    fn tell(&self, event: Event) {
        let is_end = event.is_end();
        let at = Instant(self.world.0.now_ns.get());
        let (read_bytes, written_bytes) = (self.read_bytes.get(), self.written_bytes.get());
        let _ = self.events.unbounded_send(Stamped { at, read_bytes, written_bytes, event });
        if is_end {
            self.events.close_channel();
        }
    }

    /// Waits, and says so if it is not at once.
    async fn waits<T>(&self, what: Waiting, mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> T {
        let mut waits = false;
        let value = poll_fn(|context| {
            let polled = poll(context);
            if polled.is_pending() && !waits {
                waits = true;
                self.tell(Event::Blocked(what));
            }
            polled
        })
        .await;
        if waits {
            self.tell(Event::Unblocked(what));
        }
        value
    }
}

impl Io {
    /// At most so many bytes; none at the end.
    async fn read(&mut self, most: usize) -> Vec<u8> {
        let bytes = match &mut self.stdin {
            Stdin::Null | Stdin::Pipe => Vec::new(),
            Stdin::Bytes(bytes) => bytes.drain(..most.min(bytes.len())).collect(),
            Stdin::From(reader) => self.tell.waits(Waiting::Stdin, |context| reader.poll_read(context, most)).await,
        };
        self.tell.read_bytes.set(self.tell.read_bytes.get() + bytes.len() as u64);
        bytes
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), BrokenPipe> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let written = match &self.stdout {
                Sink::Null => rest.len(),
                Sink::Pipe(writer) => {
                    self.tell.waits(Waiting::Stdout, |context| writer.poll_write(context, rest)).await?
                }
                Sink::Parent(untaken) => {
                    let room = |_: &mut Context<'_>| match PIPE_BYTES as usize - untaken.get() {
                        0 => Poll::Pending,
                        room => Poll::Ready(room),
                    };
                    let count = self.tell.waits(Waiting::Stdout, room).await.min(rest.len());
                    untaken.set(untaken.get() + count);
                    self.tell.tell(Event::Stdout(rest[..count].to_vec()));
                    count
                }
            };
            self.tell.written_bytes.set(self.tell.written_bytes.get() + written as u64);
            rest = &rest[written..];
        }
        Ok(())
    }

    async fn warn(&mut self, bytes: &[u8]) {
        match self.stderr {
            Stderr::Null => {}
            Stderr::Pipe => self.tell.tell(Event::Stderr(bytes.to_vec())),
            Stderr::Stdout => drop(self.write(bytes).await),
        }
    }

    async fn sleep(&self, length: Duration) {
        self.tell.tell(Event::Blocked(Waiting::Sleep));
        self.world.sleep(length).await;
        self.tell.tell(Event::Unblocked(Waiting::Sleep));
    }

    fn number(&self) -> usize {
        self.args.get(1).and_then(|text| text.parse().ok()).unwrap_or_default()
    }

    /// The commands of this system. None if there is none of the name.
    async fn run(mut self) -> Event {
        let broken = |written: Result<(), BrokenPipe>| u8::from(written.is_err());
        let code = match self.args[0].as_str() {
            "true" => 0,
            "exit" => self.number() as u8,
            "trap" => return Event::Trapped("unreachable".to_owned()),
            "echo" => broken(self.write(self.args[1..].join(" ").as_bytes().to_vec().as_slice()).await),
            "warn" => {
                self.warn(self.args[1..].join(" ").into_bytes().as_slice()).await;
                0
            }
            "env" => {
                let lines: String = self.env.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
                broken(self.write(lines.as_bytes()).await)
            }
            "sleep" => {
                self.sleep(Duration::from_millis(self.number() as u64)).await;
                0
            }
            // Its stdin, and then how much that was to stderr.
            "cat" => loop {
                let piece = self.read(1 << 14).await;
                if piece.is_empty() {
                    let total = self.tell.read_bytes.get().to_string();
                    self.warn(total.as_bytes()).await;
                    break 0;
                }
                if self.write(&piece).await.is_err() {
                    break 1;
                }
            },
            "wc" => loop {
                if self.read(1 << 14).await.is_empty() {
                    break broken(self.write(self.tell.read_bytes.get().to_string().as_bytes()).await);
                }
            },
            // So many bytes of its stdin.
            "head" => {
                let piece = self.read(self.number()).await;
                broken(self.write(&piece).await)
            }
            // So many bytes.
            "bytes" => broken(self.write(&vec![b'x'; self.number()]).await),
            "yes" => loop {
                if self.write(b"y\n".repeat(1 << 12).as_slice()).await.is_err() {
                    break 1;
                }
            },
            name => unreachable!("{name} was looked for before"),
        };
        Event::Exited(code)
    }
}

const COMMANDS: [&str; 12] =
    ["true", "exit", "trap", "echo", "warn", "env", "sleep", "cat", "wc", "head", "bytes", "yes"];

impl System for Simulated {
    type Child = SimulatedChild;
    type Reader = Reader;
    type Writer = Writer;

    fn pipe(&self) -> Result<(Reader, Writer), SpawnError> {
        Ok(new_pipe())
    }

    fn spawn(&self, spec: SimulatedSpec) -> SimulatedChild {
        let (events, received) = unbounded();
        let tell = Teller { world: self.clone(), events, read_bytes: Rc::default(), written_bytes: Rc::default() };
        let (untaken, mut ours) = (Rc::new(Cell::new(0)), None);
        let stdin = match spec.stdin {
            Stdin::Pipe => {
                let (reader, writer) = new_pipe();
                ours = Some(writer);
                Stdin::From(reader)
            }
            other => other,
        };
        let stdout = match spec.stdout {
            Stdout::Null => Sink::Null,
            Stdout::Pipe => Sink::Parent(untaken.clone()),
            Stdout::To(writer) => Sink::Pipe(writer),
        };
        let number = self.0.spawned.get();
        self.0.spawned.set(number + 1);
        let teller = tell.clone();
        let io = Io { world: self.clone(), args: spec.args, env: spec.env, stdin, stdout, stderr: spec.stderr, tell };
        if COMMANDS.contains(&io.args[0].as_str()) {
            let task = async move {
                io.tell.tell(Event::Started);
                let tell = io.tell.clone();
                let end = io.run().await;
                tell.tell(end);
            };
            self.0.tasks.borrow_mut().insert(number, Box::pin(task));
        } else {
            let error = SpawnError::NotFound { program: io.args[0].clone(), reason: "simulated".to_owned() };
            io.tell.tell(Event::Failed(error));
        }
        SimulatedChild { number, events: received, stdin: ours, untaken, tell: teller }
    }

    async fn sleep(&self, length: Duration) {
        let at = self.0.now_ns.get() + length.as_nanos() as u64;
        poll_fn(|context| {
            if self.0.now_ns.get() >= at {
                return Poll::Ready(());
            }
            self.0.timers.borrow_mut().entry(at).or_default().push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

/// A command, as its parent has it.
pub struct SimulatedChild {
    number: u32,
    events: UnboundedReceiver<Stamped>,
    stdin: Option<Writer>,
    untaken: Rc<Cell<usize>>,
    tell: Teller,
}

impl SimulatedChild {
    fn end(&self) {
        let task = self.tell.world.0.tasks.borrow_mut().remove(&self.number);
        drop(task);
    }
}

impl Drop for SimulatedChild {
    fn drop(&mut self) {
        self.end();
    }
}

impl Child for SimulatedChild {
    fn poll_event(&mut self, context: &mut Context<'_>) -> Poll<Option<Stamped>> {
        let polled = self.events.poll_next_unpin(context);
        if let Poll::Ready(Some(Stamped { event: Event::Stdout(bytes), .. })) = &polled {
            self.untaken.set(self.untaken.get() - bytes.len());
            context.waker().wake_by_ref();
        }
        polled
    }

    fn poll_write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize, BrokenPipe>> {
        match &self.stdin {
            Some(writer) => writer.poll_write(context, bytes),
            None => Poll::Ready(Err(BrokenPipe)),
        }
    }

    fn close_stdin(&mut self) {
        self.stdin = None;
    }

    fn kill(&mut self) {
        self.end();
        self.tell.tell(Event::Killed);
    }
}
