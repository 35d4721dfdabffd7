// A worker that answers each message with an empty one: the least that any library can do.

addEventListener("message", () => postMessage(null));
