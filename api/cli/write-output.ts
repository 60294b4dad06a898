/**
 * Writes to standard output and waits until it was taken, so that a slow reader slows the work down.
 *
 * @throws Error EPIPE if the reader has closed, such as `head`.
 */
export async function writeOutput (text: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    process.stdout.once('error', reject)
    process.stdout.write(text, (error) => {
      if (error instanceof Error) return reject(error)
      process.stdout.off('error', reject)
      resolve()
    })
  })
}
