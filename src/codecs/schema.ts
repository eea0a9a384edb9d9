/**
 * Checks values by a schema of any library that implements Standard Schema, version 1
 * (https://standardschema.dev): Zod, Valibot, ArkType and others.
 */

import { invalidOption, UndercroftError } from '../base/index.ts'

/** The part of Standard Schema that a cache uses. */
export interface StandardSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (
      value: unknown,
    ) => StandardSchemaResult<Output> | Promise<StandardSchemaResult<Output>>
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined
  }
}

/** What a schema makes of a value. */
export type StandardSchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardSchemaIssue[] }

/** One reason why a schema refuses a value. */
export interface StandardSchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** Issues that a message names. */
const MAX_NAMED_ISSUES = 3

export function requireSchema<V>(name: string, schema: StandardSchema<V>): StandardSchema<V> {
  const standard = (schema as Partial<StandardSchema<V>> | null)?.['~standard']
  if (standard?.version === 1 && typeof standard.validate === 'function') return schema
  throw invalidOption(name, 'a Standard Schema, version 1, such as z.object({ ... })', schema)
}

/**
 * @returns the output of the schema
 * @throws UndercroftError - UNDERCROFT_VALUE_INVALID if the schema refuses the value;
 * UNDERCROFT_CODEC_FAILED if it throws, or answers by a promise
 */
export function validate(schema: StandardSchema, value: unknown): unknown {
  const result = run(schema, value)
  if (result.issues === undefined) return result.value
  const named = result.issues.slice(0, MAX_NAMED_ISSUES).map(formatIssue).join('; ')
  const more = result.issues.length - MAX_NAMED_ISSUES
  throw new UndercroftError(
    'UNDERCROFT_VALUE_INVALID',
    `the schema refuses the value: ${named}${more > 0 ? `; and ${more} more` : ''}`,
    { cause: result.issues },
  )
}

function run(schema: StandardSchema, value: unknown): StandardSchemaResult<unknown> {
  let result: ReturnType<StandardSchema['~standard']['validate']>
  try {
    result = schema['~standard'].validate(value)
  } catch (error) {
    throw new UndercroftError('UNDERCROFT_CODEC_FAILED', `the schema threw: ${String(error)}`, {
      cause: error,
    })
  }
  if (!(result instanceof Promise)) return result
  result.catch(() => {}) // Its result is not used, so its failure has no other reader.
  throw new UndercroftError(
    'UNDERCROFT_CODEC_FAILED',
    'the schema checks asynchronously, and a get cannot wait: take a schema without async parts',
  )
}

function formatIssue({ message, path = [] }: StandardSchemaIssue): string {
  if (path.length === 0) return message
  const names = path.map(part => String(typeof part === 'object' ? part.key : part))
  return `${names.join('.')}: ${message}`
}
