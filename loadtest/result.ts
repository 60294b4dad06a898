/** The result of a profile, and the history of results: one JSON line each. */
import { existsSync, readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { Type, type Static } from 'typebox'
import { Check, Errors } from 'typebox/value'
import { JsonLinesFile, quote } from '../api/cli/json-lines-file.ts'
import { findOutputFolder } from '../api/cli/output-path.ts'
import { UsageError } from '../api/cli/usage-error.ts'
import { packageRoot } from '../models/package-root.ts'
import { LabError } from './lab-error.ts'
import { CommitSchema, MachineSchema } from './machine.ts'
import { StepSchema } from './step.ts'

const VerdictSchema = Type.Object({
  what: Type.String(),
  measured: Type.Number(),
  bound: Type.Number(),
  relation: Type.Union([Type.Literal('at most'), Type.Literal('at least')]),
  unit: Type.String(),
  holds: Type.Boolean(),
})

/** A measured number against its threshold. */
export type Verdict = Static<typeof VerdictSchema>

export const ResultSchema = Type.Object({
  profile: Type.String(),
  at: Type.String({ description: 'Time of day, ISO 8601.' }),
  machine: MachineSchema,
  commit: Type.Optional(CommitSchema),
  model: Type.Object({ name: Type.String(), version: Type.String(), layout: Type.String(), provider: Type.String() }),
  settings: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()])),
  steps: Type.Array(StepSchema),
  headline: Type.Optional(Type.Integer({ description: 'Index of the step whose throughput and latency stand for the result.' })),
  capacityPerSecond: Type.Optional(Type.Number({ description: 'Highest rate of Poisson arrivals that held the bound.' })),
  coldStartsMs: Type.Optional(Type.Array(Type.Number(), { description: 'From the spawn to the first classified photo.' })),
  startPhasesMs: Type.Optional(Type.Record(Type.String(), Type.Number(), { description: 'Median of what the service says of its own start.' })),
  verdicts: Type.Array(VerdictSchema),
  voidReasons: Type.Array(Type.String(), { description: 'Why the result does not count. Empty: it does.' }),
  comparisons: Type.Array(Type.Object({
    id: Type.String(),
    what: Type.String(),
    hardware: Type.String(),
    work: Type.String(),
    unit: Type.String(),
    measured: Type.Number(),
    reported: Type.Number(),
    ratio: Type.Number(),
    batch: Type.Optional(Type.Object({ images: Type.Integer(), reportedMs: Type.Number(), measuredMs: Type.Number() })),
    comparability: Type.String(),
    source: Type.String(),
  })),
})

export type Result = Static<typeof ResultSchema>

export const defaultHistory = join(packageRoot, 'loadtest/results/history.jsonl')

export function atMost (what: string, measured: number, bound: number, unit: string): Verdict {
  return { what, measured, bound, relation: 'at most', unit, holds: measured <= bound }
}

export function atLeast (what: string, measured: number, bound: number, unit: string): Verdict {
  return { what, measured, bound, relation: 'at least', unit, holds: measured >= bound }
}

/**
 * Checks a history before the load, so that nothing is measured in vain.
 *
 * @throws UsageError if the file holds something else than results, or cannot be written.
 */
export async function checkHistory (path: string): Promise<void> {
  await findOutputFolder(dirname(resolve(path)))
  if (existsSync(dirname(path))) await openHistory(path)
}

export async function appendResult (path: string, result: Result): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const history = await openHistory(path)
  try {
    await history.append(result)
    await history.finish()
  } finally {
    await history.close()
  }
}

async function openHistory (path: string): Promise<JsonLinesFile> {
  return await JsonLinesFile.open(path, {
    beginning: () => '{"profile":"',
    read: (line, i) => {
      if (!Check(ResultSchema, parse(line))) throw new UsageError(`Expected a load test's result in line ${i + 1} of ${path}, got ${quote(line)}: name another --history.`)
    },
  })
}

/** Oldest first. @throws LabError `BAD_RESULT` if the file is missing or holds something else. */
export function readHistory (path: string): Result[] {
  if (!existsSync(path)) throw new LabError('BAD_RESULT', `Expected results in ${path}, but there is no such file: \`npm run loadtest\` writes it.`)
  return readFileSync(path, 'utf8').split('\n').filter((line) => line.trim() !== '').map((line, i) => readResult(line, i, path))
}

function readResult (line: string, index: number, path: string): Result {
  const result = parse(line)
  if (Check(ResultSchema, result)) return result
  const mismatch = Errors(ResultSchema, result)[0]
  throw new LabError('BAD_RESULT', `Expected a result in line ${index + 1} of ${path}, got something else: ${mismatch?.instancePath ?? ''} ${mismatch?.message ?? ''}`)
}

/** Undefined for what is no JSON. */
function parse (line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
