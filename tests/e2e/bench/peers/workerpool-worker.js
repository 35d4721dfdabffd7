// A worker that answers an empty call by workerpool, which is a classic script, and so is this.

importScripts("/node_modules/workerpool/dist/workerpool.js");

workerpool.worker({ empty() {} });
