/**
 * The sequential model of one item: what each operation returns and leaves. linearizability.ts
 * compares histories with this model.
 */

/** The stored value or number; undefined if the item is absent. */
export type State = string | number | undefined

export type Action =
  | { readonly kind: 'get' | 'has' | 'delete' | 'deleteTag' | 'touch' }
  | { readonly kind: 'set' | 'add' | 'replace'; readonly value: string | number }
  /** Both add, `update` by compare-and-set. */
  | { readonly kind: 'increment' | 'update'; readonly by: number }

/** What an operation returns, and the state after it. */
export interface Effect {
  readonly result: State | boolean
  readonly state: State
}

export function effectOf(action: Action, state: State): Effect {
  const isThere = state !== undefined
  switch (action.kind) {
    case 'get':
      return { result: state, state }
    case 'has':
    case 'touch':
      return { result: isThere, state }
    case 'delete':
      return { result: isThere, state: undefined }
    case 'deleteTag': // every item has its own tag
      return { result: true, state: undefined }
    case 'set':
      return { result: true, state: action.value }
    case 'add':
      return { result: !isThere, state: isThere ? state : action.value }
    case 'replace':
      return { result: isThere, state: isThere ? action.value : state }
    case 'increment':
    case 'update': {
      const sum = (typeof state === 'number' ? state : 0) + action.by
      return { result: sum, state: sum }
    }
  }
}
