//! A command as a process: argv, environment, the three streams, the exit status.

use core::ptr;

/// The most bytes of argv or of the environment, and of its strings: a command is told no more than this.
const STRINGS_MAX: usize = 64;
const BYTES_MAX: usize = 8 << 10;
/// What is read or written at once. Four pages, as GNU's tools would take more; a pipe holds 64 KiB.
const BUFFER_BYTES: usize = 16 << 10;

/// Why a command ends before its work is done.
#[derive(Clone, Copy, Debug)]
pub enum Failure {
    /// It was called in a way that it does not know; says how it is called.
    Usage(&'static str),
    /// A stream could not be read.
    Read,
    /// A stream could not be written: most often, whoever read it has gone.
    Write,
    /// It has nothing to say, and ends with this status.
    Status(u32),
}

/// argv, and what stdout takes.
#[derive(Debug)]
pub struct Process<'a> {
    /// argv; the name of the command comes first.
    pub args: &'a [&'a [u8]],
    out: [u8; BUFFER_BYTES],
    filled: usize,
}

type Command = fn(&mut Process<'_>) -> Result<(), Failure>;
type Strings = unsafe fn(*mut *mut u8, *mut u8) -> Result<(), wasi::Errno>;

/// Runs a command, and ends the process with its status: 0, or what its failure stands for.
pub fn run(name: &str, command: Command) {
    let status = match strings(wasi::args_sizes_get, wasi::args_get, |args| {
        let mut process = Process { args, out: [0; BUFFER_BYTES], filled: 0 };
        command(&mut process).and_then(|()| process.flush())
    }) {
        Ok(()) => return,
        Err(Failure::Status(status)) => status,
        Err(Failure::Usage(usage)) => say(name, "usage", usage, 2),
        Err(Failure::Read) => say(name, "read error", "standard input", 1),
        Err(Failure::Write) => say(name, "write error", "Broken pipe", 1),
    };
    // SAFETY: a call that ends the process.
    unsafe { wasi::proc_exit(status) }
}

fn say(name: &str, what: &str, why: &str, status: u32) -> u32 {
    for part in [name, ": ", what, ": ", why, "\n"] {
        // If stderr does not take it, there is nobody to tell.
        let _ = write_all(wasi::FD_STDERR, part.as_bytes());
    }
    status
}

/// Hands the environment over, as strings of the form `NAME=VALUE`.
///
/// # Errors
/// What `use_them` fails with.
pub fn environ<T>(use_them: impl FnOnce(&[&[u8]]) -> Result<T, Failure>) -> Result<T, Failure> {
    strings(wasi::environ_sizes_get, wasi::environ_get, use_them)
}

fn strings<T>(
    sizes: unsafe fn() -> Result<(usize, usize), wasi::Errno>,
    get: Strings,
    use_them: impl FnOnce(&[&[u8]]) -> Result<T, Failure>,
) -> Result<T, Failure> {
    // SAFETY: it only answers.
    let (count, bytes) = unsafe { sizes() }.unwrap_or_default();
    if count > STRINGS_MAX || bytes > BYTES_MAX {
        return Err(Failure::Usage("at most 64 strings, of 8 KiB in all, as arguments or environment"));
    }
    let mut starts = [ptr::null_mut::<u8>(); STRINGS_MAX];
    let mut buffer = [0_u8; BYTES_MAX];
    let base = buffer.as_mut_ptr();
    // SAFETY: both have room for as much as was just told.
    if unsafe { get(starts.as_mut_ptr(), base) }.is_err() {
        return use_them(&[]);
    }
    let mut strings: [&[u8]; STRINGS_MAX] = [&[]; STRINGS_MAX];
    for (string, start) in strings.iter_mut().zip(&starts[..count.min(STRINGS_MAX)]) {
        let tail = buffer.get((start.addr()).wrapping_sub(base.addr())..).unwrap_or_default();
        *string = tail.split(|byte| *byte == 0).next().unwrap_or_default();
    }
    use_them(&strings[..count.min(STRINGS_MAX)])
}

/// Reads stdin to its end, piece by piece.
///
/// # Errors
/// If it cannot be read, or `take` fails.
pub fn each_piece(mut take: impl FnMut(&mut [u8]) -> Result<(), Failure>) -> Result<(), Failure> {
    let mut buffer = [0_u8; BUFFER_BYTES];
    loop {
        let into = [wasi::Iovec { buf: buffer.as_mut_ptr(), buf_len: buffer.len() }];
        // SAFETY: the buffer outlives the call.
        let read = unsafe { wasi::fd_read(wasi::FD_STDIN, &into) }.map_err(|_| Failure::Read)?;
        match buffer.get_mut(..read) {
            None | Some([]) => return Ok(()),
            Some(piece) => take(piece)?,
        }
    }
}

impl Process<'_> {
    /// Writes to stdout, when enough has come together.
    ///
    /// # Errors
    /// If stdout takes nothing any more.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if bytes.len() > BUFFER_BYTES - self.filled {
            self.flush()?;
        }
        if bytes.len() >= BUFFER_BYTES {
            return write_all(wasi::FD_STDOUT, bytes);
        }
        self.out[self.filled..][..bytes.len()].copy_from_slice(bytes);
        self.filled += bytes.len();
        Ok(())
    }

    /// Writes what has come together.
    ///
    /// # Errors
    /// If stdout takes nothing any more.
    pub fn flush(&mut self) -> Result<(), Failure> {
        let filled = core::mem::take(&mut self.filled);
        write_all(wasi::FD_STDOUT, &self.out[..filled])
    }
}

fn write_all(fd: wasi::Fd, mut bytes: &[u8]) -> Result<(), Failure> {
    while !bytes.is_empty() {
        let from = [wasi::Ciovec { buf: bytes.as_ptr(), buf_len: bytes.len() }];
        // SAFETY: the bytes outlive the call.
        let written = unsafe { wasi::fd_write(fd, &from) }.map_err(|_| Failure::Write)?;
        bytes = bytes.get(written..).unwrap_or_default();
    }
    Ok(())
}

/// A panic is a trap: the page tells it from every exit status. That there is no message saves most of a command's size.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

/// Makes a function the one that starts the process.
#[macro_export]
macro_rules! command {
    ($name:literal, $run:path) => {
        #[unsafe(no_mangle)]
        extern "C" fn _start() {
            $crate::process::run($name, $run);
        }
    };
}
