/** A reliability target as a test, which prints its measurement as one structured line on standard output. */
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { promises, type Promised, type PromiseName } from './promises.ts'

/** Result of a target, which `npm run promises` reads. */
export interface PromiseReport extends Promised {
  readonly name: PromiseName
  readonly measured: string
  /** Undefined where this machine cannot tell, and `measured` says why. */
  readonly holds?: boolean
}

export interface Measured {
  readonly measured: string
  /** Conditions that must hold, by name. */
  readonly checks: Readonly<Record<string, boolean>>
}

/** @param measure - A sentence in place of a measurement says why there is none on this machine. */
export function keepPromise (name: PromiseName, measure: (t: TestContext) => Promise<Measured | string>): void {
  const report = (outcome: Pick<PromiseReport, 'measured' | 'holds'>): void => {
    process.stdout.write(`${JSON.stringify({ name, ...promises[name], ...outcome } satisfies PromiseReport)}\n`)
  }
  test(`${promises[name].promise} (${promises[name].bound})`, async (t) => {
    let outcome: Measured | string
    try {
      outcome = await measure(t)
    } catch (error) {
      report({ measured: String(error).split('\n', 1)[0]!, holds: false })
      throw error
    }
    if (typeof outcome === 'string') {
      report({ measured: outcome })
      t.skip(outcome)
      return
    }
    const broken = Object.entries(outcome.checks).filter(([, holds]) => !holds).map(([what]) => what)
    report({ measured: outcome.measured, holds: broken.length === 0 })
    assert.deepEqual(broken, [], outcome.measured)
  })
}
