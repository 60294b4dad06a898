/** Resolves as the promise does, or rejects with the signal's reason if that aborts first. */
export async function abortable<Value> (signal: AbortSignal, promise: Promise<Value>): Promise<Value> {
  return await new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
