/** Identity of clients, each of which has a share of the service. */
import { isIPv4, isIPv6 } from 'node:net'

/** The client of a request: the id of its API key, or its network address where it has none. */
export function clientOf ({ keyId, ip }: { keyId?: string | undefined, ip: string | undefined }): string {
  return keyId === undefined ? `address ${networkOf(ip)}` : `key ${keyId}`
}

/** Groups of an IPv6 address that name a network; a client with one of its addresses can use all of them. */
const networkGroups = 4
const addressGroups = 8

/** The network of an address: for IPv4 the address itself. */
export function networkOf (address: string | undefined): string {
  if (address === undefined) return 'unknown' // the client has left, and its socket with it
  if (isIPv4(address)) return address
  // Some proxies append the port, which differs for each connection.
  const withoutPort = address.replace(/^\[(.+)\](:\d+)?$/, '$1').replace(/^([\d.]+):\d+$/, '$1')
  const mapped = withoutPort.slice(withoutPort.lastIndexOf(':') + 1)
  if (isIPv4(mapped)) return mapped
  if (!isIPv6(withoutPort)) return address
  const [head = [], tail = []] = withoutPort.split('::').map((part) => part.split(':').filter((group) => group !== ''))
  const zeros = Array<string>(Math.max(0, addressGroups - head.length - tail.length)).fill('0')
  return [...head, ...zeros, ...tail].slice(0, networkGroups).map((group) => parseInt(group, 16).toString(16)).join(':')
}
