/**
 * What can be rebuilt from the slots contradicts them or itself, although nobody else writes.
 * Whoever holds the lock rebuilds and tries again; callers of the engine never see this.
 */
export class NeedsRebuild extends Error {}
