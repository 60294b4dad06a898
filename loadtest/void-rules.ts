/** Rules by which a run is void, since it measured the sender rather than the service. */
import { latenessBoundMs } from './plan.ts'

/** How well the sender kept to its schedule. */
export interface SenderRecord {
  /** undefined in a closed loop, which has no schedule. */
  readonly lagP99Ms: number | undefined
  /** Requests that no user was free for when they were due. */
  readonly lateStarts: number
  readonly scheduled: number | undefined
  readonly sent: number
  /** From the first arrival to the last response. */
  readonly seconds: number
}

/** Smallest measurement that counts. */
export interface StepMinimum {
  readonly seconds: number
  readonly requests: number
}

export const fullStep: StepMinimum = { seconds: 30, requests: 3000 }

/** @returns A sentence for each broken rule; none: the run counts. */
export function findVoidReasons (sender: SenderRecord, minimum: StepMinimum): string[] {
  const { lagP99Ms, lateStarts, scheduled, sent, seconds } = sender
  const reasons: string[] = []
  if (lagP99Ms !== undefined && lagP99Ms > latenessBoundMs) {
    reasons.push(`The sender was late by ${lagP99Ms.toFixed(1)} ms at p99, of at most ${latenessBoundMs} ms: it shares the cores, or is too slow for this rate.`)
  }
  if (lateStarts > 0) reasons.push(`Users ran out: no user was free for ${lateStarts} requests when they were due.`)
  if (scheduled !== undefined && sent < scheduled) reasons.push(`${scheduled - sent} of ${scheduled} scheduled requests were dropped.`)
  if (seconds < minimum.seconds * 0.95) reasons.push(`It took ${seconds.toFixed(1)} s, of at least ${minimum.seconds} s.`)
  if (sent < minimum.requests) reasons.push(`It has ${sent} requests, of at least ${minimum.requests}.`)
  return reasons
}
