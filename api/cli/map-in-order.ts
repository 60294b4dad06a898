/**
 * Maps items with up to `concurrency` of them in flight; yields results in the items' order.
 *
 * @throws The error of an item, in its turn; items that have not begun then never do.
 */
export async function * mapInOrder<Item, Result> (
  items: Iterable<Item>, concurrency: number, work: (item: Item) => Promise<Result>
): AsyncGenerator<Result> {
  const pending: Array<Promise<Result>> = []
  for (const item of items) {
    const result = work(item)
    result.catch(() => {}) // it is awaited in its turn
    pending.push(result)
    if (pending.length >= concurrency) yield await pending.shift()!
  }
  for (const result of pending) yield await result
}
