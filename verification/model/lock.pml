/*
 * The writer lock, the seqlock read and the takeover, for Spin (https://spinroot.com).
 *
 * One chain with one item of two words. WRITERS change it, READERS read it without the lock, and up
 * to CRASHES of them die at any step: between any two stores, with the lock, in a recovery, in the
 * middle of a takeover. Whoever dies does so together with its last step, which leaves out nothing:
 * all that others can do while it lives on without a step, they can do after its death. And a death
 * without the lock is left out: it is an end like any other, for nobody waits for that process. Each statement is one load or one store of src/engine: lock.ts (acquire,
 * release, take over), slot-table.ts (beginChange, endChange), writer.ts (#rewrite), reader.ts
 * (locate, confirm), recovery.ts (rebuild), engine.ts (#settled).
 *
 * Checked in every interleaving:
 *   - a value is never torn, and never older than one whose set had returned when the read began;
 *     a miss comes only where a writer died over the item;
 *   - two living processes are never inside the lock, and no living owner loses it;
 *   - nobody waits for ever: every living process comes to its end (no invalid end states);
 *   - at the end the item is whole, or was dropped because its writer died.
 *
 * Loads and stores are in program order here. On x86-64 that is the processor's promise, elsewhere
 * src/platform/ordering.ts asks for it.
 */

#ifndef WRITERS
#define WRITERS 2
#endif
#ifndef READERS
#define READERS 2
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
/* Attempts of a reader before it queues for the lock. */
#define ATTEMPTS 2
#define PROCESSES (WRITERS + READERS)

#define FREE 255
#define NOBODY 254

/* -DFAULT=n leaves one step out, to show that the checks find it. */
#ifndef FAULT
#define FAULT 0
#endif
#define NO_SECOND_LOOK 1 /* a reader that does not compare the version afterwards */
#define NO_MARK 2 /* a writer that does not mark the item it writes over */
#define NO_RECOVERY 3 /* whoever takes over, or meets an odd version, rebuilds nothing */
#define NO_ASKING 4 /* a takeover from an owner that may be alive */

/* What a slot's info says. */
#define WHOLE 0
#define WRITING 1
#define ABSENT 2

/* The segment. */
byte owner = FREE;
bit needsRecovery = 0;
byte version = 0;
byte info = WHOLE;
byte first = 0;
byte second = 0;

/* What the kernel knows, and what the checks remember. */
bool alive[PROCESSES];
byte inside = NOBODY;
byte crashes = 0;
byte diedWriting = 0;
byte next = 1;
byte completed = 0;

/* A step with the lock, after which the process may be dead. */
#define STEP(me, step) \
  atomic { \
    step; \
    if \
    :: crashes < CRASHES -> \
      crashes++; \
      if :: inside == me -> inside = NOBODY :: else fi; \
      if :: owner == me && info == WRITING -> diedWriting = 1 :: else fi; \
      alive[me] = false; \
      goto dead \
    :: true \
    fi \
  }

#define ENTER(me) assert(inside == NOBODY); inside = me

/* lock.ts: compare and swap from free; or from an owner of whom the kernel says that it is dead. */
#define ACQUIRE(me) \
  do \
  :: STEP(me, owner == FREE -> owner = me; ENTER(me)); break \
  :: atomic { owner != FREE && (!alive[owner] || FAULT == NO_ASKING) -> seen = owner } \
    STEP(me, if :: owner == seen -> owner = me; ENTER(me); took = 1 :: else -> took = 0 fi); \
    if \
    :: took -> STEP(me, needsRecovery = 1); break \
    :: else \
    fi \
  od

#define RELEASE(me) \
  atomic { assert(owner == me); inside = NOBODY; owner = FREE }

/* recovery.ts: everything from the slots; what was being written is dropped. */
#define REBUILD(me) \
  STEP(me, needsRecovery = 1); \
  STEP(me, version = version | 1); \
  STEP(me, if :: info == WRITING -> info = ABSENT :: else fi); \
  STEP(me, version = version + 1); \
  STEP(me, needsRecovery = 0)

proctype Writer(byte me) {
  byte seen;
  bit took;
  byte mine;
  ACQUIRE(me);
  if :: needsRecovery && FAULT != NO_RECOVERY -> REBUILD(me) :: else fi;
  d_step { mine = next; next++ }
  STEP(me, version = version | 1);
  STEP(me, if :: FAULT != NO_MARK -> info = WRITING :: else fi);
  STEP(me, first = mine);
  STEP(me, second = mine);
  STEP(me, info = WHOLE);
  STEP(me, version = version + 1);
  RELEASE(me);
  d_step { if :: mine > completed -> completed = mine :: else fi }
dead:
  skip;
  d_step { seen = 0; took = 0; mine = 0 }
}

/* What a read may give. */
#define CHECK(readInfo, readFirst, readSecond) \
  d_step { \
    if \
    :: readInfo == WHOLE -> \
      assert(readFirst == readSecond); \
      assert(readFirst >= atStart || diedWriting) \
    :: readInfo == ABSENT -> assert(diedWriting) \
    :: else -> assert(false) \
    fi \
  }

proctype Reader(byte me) {
  byte seen;
  bit took;
  byte atStart = completed;
  byte attempt = 0;
  byte before;
  byte readInfo;
  byte readFirst;
  byte readSecond;
  do
  :: attempt == ATTEMPTS -> break
  :: else ->
    attempt++;
    before = version;
    if
    :: before & 1 -> before = 0
    :: else ->
      readInfo = info;
      readFirst = first;
      readSecond = second;
      if
      :: version == before || FAULT == NO_SECOND_LOOK -> CHECK(readInfo, readFirst, readSecond); goto dead
      :: else
      fi;
      d_step { before = 0; readInfo = 0; readFirst = 0; readSecond = 0 }
    fi
  od;
  /* engine.ts, #settled: with the writers kept out. */
  ACQUIRE(me);
  if
  :: (needsRecovery || (version & 1)) && FAULT != NO_RECOVERY -> REBUILD(me)
  :: else
  fi;
  CHECK(info, first, second);
  RELEASE(me);
dead:
  skip;
  d_step {
    seen = 0; took = 0; atStart = 0; attempt = 0; before = 0;
    readInfo = 0; readFirst = 0; readSecond = 0
  }
}

init {
  byte i = 0;
  atomic {
    do
    :: i < PROCESSES -> alive[i] = true; i++
    :: else -> break
    od;
    i = 0;
    do
    :: i < WRITERS -> run Writer(i); i++
    :: else -> break
    od;
    do
    :: i < PROCESSES -> run Reader(i); i++
    :: else -> break
    od
  }
  /* All have come to their end. */
  _nr_pr == 1;
  assert(owner == FREE || !alive[owner]);
  assert(owner != FREE || info != WRITING);
  assert(owner != FREE || (version & 1) == 0)
}
