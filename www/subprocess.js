// The worker of a subprocess: it runs one WASI preview-1 command from its start to its end, and ends with it.
//
// Only what Rust cannot do stands here: a command's imports are JavaScript functions, and it runs in a worker that has nothing
// of the page's program in it. The messages are those of src/platform/page/subprocess; src/engine/subprocess/README.md has
// what they mean. A worker that runs a command hears nothing: what comes to it meanwhile comes through pipes.

import WASI from "./vendor/browser_wasi_shim/wasi.js";
import { Fd } from "./vendor/browser_wasi_shim/fd.js";
import * as wasi from "./vendor/browser_wasi_shim/wasi_defs.js";

// --- What the page is told -------------------------------------------------------------------------------------------

// Bytes read from stdin and written to stdout so far, which each message carries.
let read = 0;
let written = 0;

/** Milliseconds since the Unix epoch, on this worker's clock; the page corrects it. */
const now = () => performance.timeOrigin + performance.now();

function tell(kind, value = null, at = now()) {
  const transfer = value instanceof Uint8Array ? [value.buffer] : [];
  postMessage({ kind, value, at, read, written }, transfer);
}

// --- Pipes -----------------------------------------------------------------------------------------------------------

// The words of a pipe's header (src/platform/page/subprocess/pipe.rs has the same), before its bytes.
const [READ, WRITTEN, GONE, CHANGES, HEADER_WORDS] = [0, 1, 2, 3, 4];
const READER_GONE = 1;
const WRITER_GONE = 2;
// No wait is for ever: Safari does not end a worker that is inside one (WebKit bug 70964). In milliseconds.
const WAIT_MS = 100;

/** One end of a bounded pipe in shared memory, with one reader and one writer. */
class Pipe {
  constructor(buffer) {
    this.words = new Int32Array(buffer, 0, HEADER_WORDS);
    this.bytes = new Uint8Array(buffer, 4 * HEADER_WORDS);
  }

  load(word) {
    return Atomics.load(this.words, word);
  }

  /** Both totals count modulo 2^32. */
  get filled() {
    return (this.load(WRITTEN) - this.load(READ)) >>> 0;
  }

  get room() {
    return this.bytes.length - this.filled;
  }

  /** Adds to a total and wakes the other end. */
  move(word, count) {
    Atomics.add(this.words, word, count);
    this.changed();
  }

  leave(end) {
    Atomics.or(this.words, GONE, end);
    this.changed();
  }

  changed() {
    Atomics.add(this.words, CHANGES, 1);
    Atomics.notify(this.words, CHANGES);
  }

  /** Waits while a condition holds; the number of changes was read before it, so that none is missed. */
  waitWhile(holds, kind) {
    let waits = false;
    for (;;) {
      const changes = this.load(CHANGES);
      if (!holds()) break;
      if (!waits) tell("blocked", kind);
      waits = true;
      Atomics.wait(this.words, CHANGES, changes, WAIT_MS);
    }
    if (waits) tell("unblocked", kind);
  }

  /** At most `size` bytes; none at the end. Waits for the first one, unless it may not. */
  take(size, mayWait) {
    if (mayWait && size > 0) this.waitWhile(() => this.filled === 0 && !(this.load(GONE) & WRITER_GONE), "stdin");
    const count = Math.min(size, this.filled);
    const from = (this.load(READ) >>> 0) % this.bytes.length;
    const data = new Uint8Array(count);
    const first = Math.min(count, this.bytes.length - from);
    data.set(this.bytes.subarray(from, from + first));
    data.set(this.bytes.subarray(0, count - first), first);
    if (count > 0) this.move(READ, count);
    return data;
  }

  /** Gives the number of bytes that went in: all, or fewer once nobody reads any more. */
  put(data, store) {
    let done = 0;
    while (done < data.length) {
      this.waitWhile(() => this.room === 0 && !(this.load(GONE) & READER_GONE), "stdout");
      if (this.load(GONE) & READER_GONE) break;
      const piece = data.subarray(done, done + this.room);
      written += piece.length;
      store.call(this, piece);
      done += piece.length;
      this.move(WRITTEN, piece.length);
    }
    return done;
  }

  store(piece) {
    const to = (this.load(WRITTEN) >>> 0) % this.bytes.length;
    const first = Math.min(piece.length, this.bytes.length - to);
    this.bytes.set(piece.subarray(0, first), to);
    this.bytes.set(piece.subarray(first), 0);
  }
}

// --- The three streams -----------------------------------------------------------------------------------------------

class Stream extends Fd {
  fd_fdstat_get() {
    const fdstat = new wasi.Fdstat(wasi.FILETYPE_UNKNOWN, 0);
    fdstat.fs_rights_base = BigInt(wasi.RIGHTS_FD_READ | wasi.RIGHTS_FD_WRITE);
    return { ret: wasi.ERRNO_SUCCESS, fdstat };
  }

  fd_seek() {
    return { ret: wasi.ERRNO_SPIPE, offset: 0n };
  }

  fd_close() {
    this.leave();
    return wasi.ERRNO_SUCCESS;
  }

  leave() {}
}

class Stdin extends Stream {
  constructor(source) {
    super();
    this.pipe = source instanceof Uint8Array ? null : new Pipe(source);
    this.rest = source;
    // Whether this call has given nothing yet. One that fills several buffers waits for the first byte only, as readv(2).
    this.mayWait = true;
  }

  fd_read(size) {
    let data;
    if (this.pipe) {
      data = this.pipe.take(size, this.mayWait);
    } else {
      data = this.rest.subarray(0, size);
      this.rest = this.rest.subarray(size);
    }
    if (data.length > 0) this.mayWait = false;
    read += data.length;
    return { ret: wasi.ERRNO_SUCCESS, data };
  }

  leave() {
    this.pipe?.leave(READER_GONE);
  }
}

class Null extends Stream {
  fd_read() {
    return { ret: wasi.ERRNO_SUCCESS, data: new Uint8Array() };
  }

  fd_write(data) {
    return { ret: wasi.ERRNO_SUCCESS, nwritten: data.length };
  }
}

/** Stdout into the stdin of another process. */
class Stdout extends Stream {
  constructor(buffer) {
    super();
    this.pipe = new Pipe(buffer);
  }

  fd_write(data) {
    const nwritten = this.pipe.put(data, this.pipe.store);
    return { ret: nwritten > 0 || data.length === 0 ? wasi.ERRNO_SUCCESS : wasi.ERRNO_PIPE, nwritten };
  }

  leave() {
    this.pipe.leave(WRITER_GONE);
  }
}

/**
 * What goes to the page, as messages. Where memory is shared, no more is on its way than a pipe holds: the page counts in
 * `window` what it has taken.
 */
class ToPage extends Stream {
  constructor(kind, window) {
    super();
    this.kind = kind;
    this.pipe = window && new Pipe(window);
  }

  fd_write(data) {
    const send = (piece) => tell(this.kind, piece.slice());
    if (this.kind === "stderr" || !this.pipe) {
      if (this.kind === "stdout") written += data.length;
      send(data);
    } else {
      this.pipe.put(data, send);
    }
    return { ret: wasi.ERRNO_SUCCESS, nwritten: data.length };
  }
}

// --- What of the shim's functions is replaced ------------------------------------------------------------------------

function replaced(shim, stdin) {
  const view = () => new DataView(shim.inst.exports.memory.buffer);
  const { fd_read, poll_oneoff } = shim.wasiImport;
  return {
    ...shim.wasiImport,

    fd_read(...parameters) {
      stdin.mayWait = true;
      return fd_read(...parameters);
    },

    // The shim counts UTF-16 units and writes UTF-8 (0.4.2).
    args_sizes_get(argc, bytes) {
      const sizes = shim.args.map((argument) => new TextEncoder().encode(argument).length + 1);
      view().setUint32(argc, sizes.length, true);
      view().setUint32(bytes, sizes.reduce((sum, size) => sum + size, 0), true);
      return wasi.ERRNO_SUCCESS;
    },

    // The shim waits by asking the time again and again, on a core that others are measured on, and reads the flags from
    // where they are not (0.4.2).
    poll_oneoff(subscription, event, count, stored) {
      const memory = view();
      if (count !== 1 || memory.getUint8(subscription + 8) !== wasi.EVENTTYPE_CLOCK) {
        return poll_oneoff(subscription, event, count);
      }
      const isReal = memory.getUint32(subscription + 16, true) === wasi.CLOCKID_REALTIME;
      const isAbsolute = memory.getUint16(subscription + 40, true) & wasi.SUBCLOCKFLAGS_SUBSCRIPTION_CLOCK_ABSTIME;
      const ms = Number(memory.getBigUint64(subscription + 24, true)) / 1e6;
      sleep(isAbsolute ? ms - (isReal ? Date.now() : performance.now()) : ms);
      memory.setBigUint64(event, memory.getBigUint64(subscription, true), true);
      memory.setUint16(event + 8, wasi.ERRNO_SUCCESS, true);
      memory.setUint8(event + 10, wasi.EVENTTYPE_CLOCK);
      memory.setUint32(stored, 1, true);
      return wasi.ERRNO_SUCCESS;
    },
  };
}

function sleep(ms) {
  const until = performance.now() + ms;
  // Without shared memory, a worker cannot wait but by asking the time.
  const word = typeof SharedArrayBuffer === "undefined" ? null : new Int32Array(new SharedArrayBuffer(4));
  tell("blocked", "sleep");
  for (let left = ms; left > 0; left = until - performance.now()) {
    if (word) Atomics.wait(word, 0, 0, Math.min(left, WAIT_MS));
  }
  tell("unblocked", "sleep");
}

// --- A command, from its start to its end ----------------------------------------------------------------------------

/**
 * Runs a command. `stdin` is bytes or a pipe; `stdout` null, a pipe, or `{window}` for the page; `stderr` null, "stdout" or
 * "page". `env` is a list of `NAME=VALUE`.
 */
function run({ module, args, env, stdin, stdout, stderr }) {
  const input = stdin === null ? new Null() : new Stdin(stdin);
  const output = stdout === null ? new Null() : "window" in stdout ? new ToPage("stdout", stdout.window) : new Stdout(stdout);
  const errors = stderr === null ? new Null() : stderr === "stdout" ? output : new ToPage("stderr");
  const shim = new WASI(args, env, [input, output, errors], { debug: false });
  let end;
  try {
    const instance = new WebAssembly.Instance(module, { wasi_snapshot_preview1: replaced(shim, input) });
    tell("started");
    end = ["exited", shim.start(instance)];
  } catch (error) {
    const kind = error instanceof WebAssembly.LinkError ? "failed" : "trapped";
    end = [kind, String(error.message ?? error)];
  }
  const at = now();
  // Whoever reads or writes at the other ends need not wait until the page has heard of it.
  input.leave();
  output.leave();
  tell(...end, at);
}

addEventListener("message", ({ data }) => run(data), { once: true });
tell("loaded");
