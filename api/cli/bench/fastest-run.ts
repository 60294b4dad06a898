/** Milliseconds of the fastest run, the least disturbed one, among those that begin within `forMs`; there is at least one. */
export async function fastestRun (run: () => Promise<unknown>, forMs: number): Promise<number> {
  let fastest = Infinity
  const end = performance.now() + forMs
  do {
    const startedAt = performance.now()
    await run()
    fastest = Math.min(fastest, performance.now() - startedAt)
  } while (performance.now() < end)
  return fastest
}
