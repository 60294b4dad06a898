/** Script for k6: users who each send a photo, wait for the response, and send the next. The file that LOAD names has the task. */
import http from 'k6/http'
import { Counter } from 'k6/metrics'
import type { UsersReport, UsersTask } from '../peers/closed-loop.ts'

interface Metric { readonly values: Readonly<Record<string, number>> }

interface Summary {
  readonly metrics: Readonly<Record<string, Metric | undefined>>
  readonly state: { readonly testRunDurationMs: number }
}

const task = JSON.parse(open(__ENV['LOAD']!)) as UsersTask
const bodies = task.bodies.map((path) => open(path, 'b'))
const answered = new Counter('answered')
const failed = new Counter('failed')

export const options = {
  scenarios: { users: { executor: 'constant-vus', vus: task.users, duration: `${task.seconds}s`, gracefulStop: '60s' } },
  discardResponseBodies: true,
  summaryTrendStats: ['med', 'p(99)'],
}

export default function (): void {
  const response = http.post(task.url, bodies[(__VU + __ITER) % bodies.length]!, { headers: { ...task.headers }, timeout: '60s' })
  if (response.status === 200) answered.add(1)
  else failed.add(1)
}

export function handleSummary ({ metrics, state }: Summary): Record<string, string> {
  const report: UsersReport = {
    answered: metrics['answered']?.values['count'] ?? 0,
    failed: metrics['failed']?.values['count'] ?? 0,
    seconds: state.testRunDurationMs / 1000,
    p50Ms: metrics['http_req_duration']?.values['med'] ?? NaN,
    p99Ms: metrics['http_req_duration']?.values['p(99)'] ?? NaN,
  }
  return { [task.report]: JSON.stringify(report) }
}
