/** Milliseconds of the fastest of the runs that begin within `forMs`: the one that other processes disturbed least. At least one. */
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
