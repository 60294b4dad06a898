/** The part of a list that one of several processes does. */
import { InvalidArgumentError } from 'commander'

export interface Shard { readonly index: number, readonly count: number }

/** Parses a shard. @param text - Such as `2/8`: the third of eight, as a Kubernetes Indexed Job counts. */
export function parseShard (text: string): Shard {
  const [, index, count] = /^(\d{1,6})\/(\d{1,6})$/.exec(text)?.map(Number) ?? []
  if (index === undefined || count === undefined || index >= count) {
    throw new InvalidArgumentError('Expected INDEX/COUNT with an index from 0 to one less than the count, such as 2/8.')
  }
  return { index, count }
}

/** Every count-th item, so that shards of a list that grows at its end keep their items. */
export function selectShard<Item> (items: readonly Item[], { index, count }: Shard): Item[] {
  return items.filter((_, i) => i % count === index)
}
