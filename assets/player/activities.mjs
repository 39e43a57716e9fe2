// What a span was spent on: the payload's codes, and the words for all that is neither a load nor a step.

export const LOAD = 0;
export const SEND = 1;
export const RECEIVE = 2;
export const STEP = 3;
const START = 4;
const BOOT = 5;
const PUT = 6;
const GET = 7;
const PIN = 8;
export const TOUCH = 9;
export const COPY = 10;
export const LAUNCH = 11;
const STOP = 12;
const RESUMED = 13;
const ENDED = 14;
export const OTHERS = 15;
// The player's own: from hand-over to the step's start the GPU idles, although its batch is there.
export const HOST = 16;

export const MAIN_LANE = -1;
export const PIN_LANE = -2;
export const GPU_LANE = -3;

export const BATCHES = "batches";
export const WORKERS = "workers";
export const RANKS = "ranks";

// `word` stands on the bar, `says` in tooltip and caption, `means` in the list of keys and words.
export const PLUMBING = {
  [START]: {
    word: "start", of: WORKERS, means: "the training process starts a worker",
    says: ({ worker }) => `the training process starts worker ${worker}`,
  },
  [BOOT]: {
    word: "boot", of: WORKERS, means: "a worker gets ready for its first batch",
    says: ({ worker }) => `worker ${worker} boots`,
  },
  [RESUMED]: {
    word: "resume", of: WORKERS, means: "a persistent worker answers that it goes on",
    says: ({ worker }) => `the training process hears that worker ${worker} goes on`,
  },
  [STOP]: {
    word: "stop", of: WORKERS, means: "the training process shuts a worker down",
    says: ({ worker }) => `the training process stops worker ${worker}`,
  },
  [PUT]: {
    word: "put", of: BATCHES, means: "a worker pickles a loaded batch and hands it on",
    says: ({ batch, who }) => `${who} puts ${batch} into the result queue`,
  },
  [GET]: {
    word: "get", of: BATCHES, means: "a message is taken off the result queue and unpickled",
    says: ({ batch, who }) => `${who} gets ${batch} off the result queue`,
  },
  [ENDED]: {
    word: "end", of: BATCHES, means: "the message that a worker has no data left is taken",
    says: ({ who }) => `${who} hears that a worker has no data left`,
  },
  [PIN]: {
    word: "pin", of: BATCHES, means: "a batch is copied into pinned memory",
    says: ({ batch, who }) => `${who} copies ${batch} into pinned memory`,
  },
  [TOUCH]: {
    word: "touch", of: BATCHES, means: "the training process reads a received batch for the first time",
    says: ({ batch, who }) => `${who} touches ${batch} for the first time`,
  },
  [COPY]: {
    word: "copy", of: BATCHES, means: "a batch is copied to the GPU",
    says: ({ batch }) => `${batch} is copied to the GPU`,
  },
  [LAUNCH]: {
    word: "launch", of: BATCHES, means: "the training process launches a step",
    says: ({ batch, who }) => `${who} launches the step of ${batch}`,
  },
  [OTHERS]: {
    word: "other ranks", of: RANKS, means: "the GPU waits for the slowest rank's step",
    says: ({ batch }) => `the GPU waits for the slowest rank, after its step of ${batch}`,
  },
};

export function isOfWorker(activity) {
  return PLUMBING[activity]?.of === WORKERS;
}
