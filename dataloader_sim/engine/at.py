"""Name the places in the engine's tables: `state.tally[rank, at.SENDS]`."""

# What a process can use; a rank's interpreter lock is LOCK + rank. WALL is time itself, which nobody shares.
WALL, STORAGE, CORES, LOCK = range(4)

# Rows of `Log.times`, one column per task; those from ESSENTIAL on are kept on demand only.
SENT, LOAD_START, LOADED, RECEIVED, STEP_START, STEP_END = range(6)
ESSENTIAL = 6
ARRIVED, GET_START, GET_END, PIN_START, PIN_END, TOUCHED, COPY_START, COPY_END, LAUNCH_START, LAUNCHED = range(6, 16)
ROWS = 16
# Rows of `Log.setup`, one column per worker of an epoch.
START_START, START_END, BOOTED, RESUME_START, RESUME_END, STOP_START, STOP_END = range(7)
SETUP_ROWS = 7

# Columns of `State.tally`, one row per rank: where its training process stands.
# WORKER: the worker that it starts, resumes or stops; SENDS, AWAITED: torch's send_idx and rcvd_idx; TURN: the worker
# that dispatch looks at next; CURRENT: the task that it takes or trains on; TO_SEND: indices to dispatch at once.
EPOCH, WORKER, SENDS, AWAITED, TURN, ALIVE, CURRENT, STEPS, WAITS_FOR = range(9)
MAIL_IN, MAIL_OUT, PINNED_IN, PINNED_OUT = range(9, 13)
# AWAITS: the worker whose rest it waits for, or NOBODY.
AWAITS = 13
NOBODY = -1
# From STEP_TASK on, per place of a step under way: the column of its task in the log.
STEP_TASK = 14

# Columns of `State.process`, one row per process. FIRST_TASK, LAST_TASK: its index queue; GIVEN: tasks sent to it and
# not yet handed over; SERVES: whether torch counts on it in this epoch; POSITION: the next sample of its own stream
# of an iterable dataset, which lies between STREAM_START and STREAM_END; ENDED: whether it said that this has ended.
STAGE, TASK, SAMPLE, PIECE, LAST_SAMPLE, FIRST_TASK, LAST_TASK, GIVEN, SERVES = range(9)
POSITION, STREAM_START, STREAM_END, ENDED = range(9, 13)
PROCESS_FIELDS = 13

# Rows of `State.task`, per rank and task: which worker has it, where it is, how many samples it has, the next task in
# that worker's index queue; and the rank's result queue and pinned queue, message by message.
OWNER, PLACE, SIZE, NEXT_TASK, RESULTS, PINNED = range(6)
TASK_FIELDS = 6
NOWHERE, OUT, CACHED, GONE = range(4)

# Stages of a worker and of a pinning thread.
OFF, BOOTING, IDLE, WOKEN, LOADING, PUTS, PUTTING, HUNG, GETTING, PINNING = range(10)
# Stages of a training process: it opens an epoch (STARTS to PRIMES), closes it (STOPS to DONE), is inside next()
# (ASKS to HAS), or uses a batch (TOUCHES on).
STARTS, STARTED, RESUMES, RESUMED, PRIMES, STOPS, STOPPED, DONE = range(10, 18)
ASKS, WAITS, GOT, LOADS, PINS, HAS = range(20, 26)
TOUCHES, COPIES, AWAITS_COPY, COPIED, AWAITS_PLACE, LAUNCHES, AWAITS_STEP = range(30, 37)

# Columns of `State.moment`, one row per rank: when its training process has waited too long, and from the others on,
# per place of a step under way: when it was launched, when its pinned copy was queued, how long that takes.
DEADLINE = 0
LAUNCH_AT, QUEUED_AT, COPY_S = 1, 5, 9
MOMENTS = 13
# A rank launches at most this many steps before the first of them is finished (`simulate` says why).
STEPS_AHEAD = 2
PLACES = 4
TALLIES = STEP_TASK + PLACES
# Places of `State.whole`: the last step that every rank has finished, how the run ended, and from BEGUN on, per place
# of a step under way, how many ranks have launched it; from USERS on, how many use each resource.
FINISHED, OUTCOME, BEGUN, USERS = 0, 1, 2, 6

# Why a run broke off.
WENT_WELL, KILLED, RAISED, TIMED_OUT, HANGS = range(5)
# What goes wrong in a worker.
NO_FAULT, KILL, HANG, RAISE, LOSE = range(5)
