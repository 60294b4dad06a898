import type { ErrorCode } from '../../api/errors.ts'
import type { Answer } from './exchange.ts'
import type { ServerProcess } from '../server-process.ts'

/** A hostile request, as bytes on the wire, and its documented response, after which its connection must end. */
export interface HostileCase {
  /** Row of the catalogue, which `catalogue.ts` names. */
  readonly row: number
  /** The input in a few words, as docs/reference/hostile-inputs.md shows it. */
  readonly input: string
  readonly wire: () => Buffer | Promise<Buffer>
  /** `closed`: no response at all. */
  readonly status: number | 'closed'
  /** Code of the problem. A 200 has none, nor has a bare response, which Node sends before the service can. */
  readonly code?: ErrorCode
  /** What the response must be like beyond its status and code. */
  readonly check?: (answer: Answer) => void
}

/** A case that takes several connections, or time. */
export interface HostileScenario {
  readonly row: number
  readonly input: string
  /** What docs/reference/hostile-inputs.md says happens. */
  readonly answer: string
  readonly run: (server: ServerProcess) => Promise<void>
}

/** The response as docs/reference/hostile-inputs.md shows it. */
export function describeAnswer ({ status, code }: HostileCase): string {
  if (status === 'closed') return 'closed without an answer'
  return code === undefined ? String(status) : `${status} \`${code}\``
}

/** The label of the first prediction for the first image. */
export function firstLabel ({ body }: Answer): string | undefined {
  const { results } = JSON.parse(body) as { results: Array<{ predictions?: Array<{ label: string }> }> }
  return results[0]?.predictions?.[0]?.label
}
