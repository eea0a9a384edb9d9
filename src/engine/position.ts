/**
 * Positions: numbers that cannot stand for a position of another kind.
 *
 * A plain number may become a position of any kind, because positions come out of typed arrays and
 * of arithmetic. Whether such a number is in range is checked where it is read, which no type can
 * do. A position of one kind in the place of another kind does not compile.
 */

declare const kind: unique symbol

/** A number at run time. The kind exists only in the type. */
export type Position<Kind extends string> = number & { readonly [kind]?: Kind }
