/** The result of a profile, and the history of results: one JSON line each. */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Type, type Static } from 'typebox'
import { Check, Errors } from 'typebox/value'
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

export function appendResult (path: string, result: Result): void {
  mkdirSync(dirname(path), { recursive: true })
  appendFileSync(path, `${JSON.stringify(result)}\n`)
}

/** Oldest first. @throws LabError `BAD_RESULT` if the file is missing or holds something else. */
export function readHistory (path: string): Result[] {
  if (!existsSync(path)) throw new LabError('BAD_RESULT', `Expected results in ${path}, but there is no such file: \`npm run loadtest\` writes it.`)
  return readFileSync(path, 'utf8').split('\n').filter((line) => line.trim() !== '').map((line, i) => {
    const result: unknown = JSON.parse(line)
    if (Check(ResultSchema, result)) return result
    const mismatch = Errors(ResultSchema, result)[0]
    throw new LabError('BAD_RESULT', `Expected a result in line ${i + 1} of ${path}, got something else: ${mismatch?.instancePath ?? ''} ${mismatch?.message ?? ''}`)
  })
}
