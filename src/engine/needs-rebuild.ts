/**
 * An index of the segment contradicts the slots or itself, although no other thread writes. The
 * slots can rebuild it. The owner of the lock rebuilds and tries again, so callers of the engine
 * never see this error.
 */
export class NeedsRebuild extends Error {}
