import { isIP } from 'node:net'
import { ConfigError } from '../config.ts'

/** Whether the peer at this address, `hop` steps away, may name the client's address. */
export type TrustProxy = false | string[] | ((address: string, hop: number) => boolean)

const longestPrefix: Record<number, number> = { 4: 32, 6: 128 }

/**
 * Parses the setting into Fastify's `trustProxy`: a number of proxies, or a list of addresses and CIDR ranges.
 *
 * @throws ConfigError if it is neither.
 */
export function parseTrustProxy (text: string): TrustProxy {
  const entries = text.split(',').map((entry) => entry.trim()).filter((entry) => entry !== '')
  if (entries.length === 0) return false
  if (/^\d{1,2}$/.test(text.trim())) {
    const proxies = Number(text)
    // A function, because Fastify trusts no proxy if it is given a number.
    return proxies === 0 ? false : (_address, hop) => hop < proxies
  }
  const wrong = entries.find((entry) => !isRange(entry))
  if (wrong !== undefined) {
    throw new ConfigError(`Expected TRUST_PROXY to be a number of proxies, or addresses and CIDR ranges, got ${JSON.stringify(wrong)}.`)
  }
  return entries
}

function isRange (entry: string): boolean {
  const [address = '', prefix, ...rest] = entry.split('/')
  const longest = longestPrefix[isIP(address)]
  if (longest === undefined || rest.length > 0) return false
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) >= 1 && Number(prefix) <= longest)
}
