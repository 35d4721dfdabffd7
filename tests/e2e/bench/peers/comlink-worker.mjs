// A worker that answers an empty call by comlink.

import { expose } from "/node_modules/comlink/dist/esm/comlink.mjs";

expose({ empty() {} });
