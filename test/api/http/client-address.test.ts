import assert from 'node:assert/strict'
import test from 'node:test'
import { clientOf } from '../../../api/http/client-address.ts'

const clientAt = (ip: string, keyId?: string): string => clientOf({ ip, keyId })

test('a client is its key, whatever its address', () => {
  assert.equal(clientAt('192.0.2.1', 'team-a'), clientAt('192.0.2.2', 'team-a'))
  assert.notEqual(clientAt('192.0.2.1', '192.0.2.1'), clientAt('192.0.2.1'))
})

const sameClient: Record<string, [string, string]> = {
  'IPv6 addresses of one network': ['2001:db8:0:7::1', '2001:0db8::7:aaaa:bbbb:cccc:dddd'],
  'IPv4 written as IPv6': ['::ffff:192.0.2.1', '192.0.2.1'],
  'the ports that a proxy writes': ['192.0.2.1:40000', '192.0.2.1:40001'],
  'the ports that a proxy writes after IPv6': ['[2001:db8::1]:40000', '2001:db8::1'],
}
for (const [what, [one, other]] of Object.entries(sameClient)) {
  test(`one client: ${what}`, () => assert.equal(clientAt(one), clientAt(other)))
}

test('other addresses and other IPv6 networks are other clients', () => {
  const addresses = ['192.0.2.1', '192.0.2.2', '2001:db8:0:7::1', '2001:db8:0:8::1', '::1', '2001:db8::1', 'unknown']
  assert.equal(new Set(addresses.map((address) => clientAt(address))).size, addresses.length)
})
