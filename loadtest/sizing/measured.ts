/** What one instance of the service costs and takes to start, as measured once on a named machine: the input of every estimate. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Type, type Static } from 'typebox'
import { Check } from 'typebox/value'
import { packageRoot } from '../../models/package-root.ts'
import { LabError } from '../lab-error.ts'
import { CommitSchema, MachineSchema } from '../machine.ts'

const milliseconds = (description: string) => Type.Number({ exclusiveMinimum: 0, description })

const CpuSchema = Type.Object({
  http: milliseconds('Of the main thread and V8\'s helpers.'),
  decode: milliseconds('Of the thread pool, in which libvips decodes, as it does beside a GPU.'),
  session: milliseconds('Of the session workers, which run the network on the CPU.'),
  onCpu: milliseconds('Of the whole process where each core has a session, which decodes what it can itself.'),
}, { additionalProperties: false, description: 'CPU milliseconds an image.' })

export const MeasuredSchema = Type.Object({
  at: Type.String({ description: 'Time of day, ISO 8601.' }),
  machine: MachineSchema,
  commit: Type.Optional(CommitSchema),
  model: Type.String(),
  cpuMs: Type.Object({ web: CpuSchema, phone: CpuSchema }, { additionalProperties: false, description: 'By the size of the photos.' }),
  startMs: milliseconds('From the spawn of the process to its first classified photo, the quickest.'),
}, { additionalProperties: false })

export type Measured = Static<typeof MeasuredSchema>

export type CpuMs = Static<typeof CpuSchema>

const measuredPath = join(packageRoot, 'loadtest/sizing/measured.json')

/** @throws LabError `BAD_RESULT` if the committed file holds something else. */
export function readMeasured (): Measured {
  const measured: unknown = JSON.parse(readFileSync(measuredPath, 'utf8'))
  if (Check(MeasuredSchema, measured)) return measured
  throw new LabError('BAD_RESULT', `Expected the numbers that \`npm run loadtest:sizing\` writes in ${measuredPath}, got something else.`)
}

export function writeMeasured (measured: Measured): void {
  writeFileSync(measuredPath, `${JSON.stringify(measured, null, 2)}\n`)
}
