import assert from 'node:assert/strict'
import test from 'node:test'
import type { FastifyRequest } from 'fastify'
import { ClientShare, clientOf } from '../../api/client-share.ts'

const refusal = { code: 'too_many_requests', statusCode: 429 }
const forever = async (): Promise<never> => await new Promise(() => {})

/** Work of a client that never ends. */
function occupy (clients: ClientShare, client: string, images: number): void {
  clients.hold(client, images, forever).catch(assert.fail)
}

test('counts the images that a client has in work, and refuses more than its share before any work is done', async () => {
  const clients = new ClientShare(4)
  let finish: () => void = () => {}
  const first = clients.hold('a', 3, () => new Promise<void>((resolve) => { finish = resolve }))
  await assert.rejects(clients.hold('a', 2, () => assert.fail('worked')), refusal)
  assert.equal(await clients.hold('a', 1, async () => 'one fits'), 'one fits')
  assert.equal(await clients.hold('b', 4, async () => 'others have their own'), 'others have their own')
  finish()
  await first
  assert.equal(await clients.hold('a', 4, async () => 'all left'), 'all left')
})

test('work that fails leaves too, and who has nothing in work costs no memory', async () => {
  const clients = new ClientShare(1)
  for (let i = 0; i < 3; i++) await assert.rejects(clients.hold('a', 1, async () => { throw new Error('failed') }), /failed/)
  assert.equal(clients.size, 0)
})

test('a request of more images than the limit is let in alone', async () => {
  const clients = new ClientShare(2)
  assert.equal(await clients.hold('a', 5, async () => 'answered'), 'answered')
  occupy(clients, 'a', 5)
  await assert.rejects(clients.hold('a', 1, forever), refusal)
})

test('0 is no limit', async () => {
  const clients = new ClientShare(0)
  occupy(clients, 'a', 1000)
  assert.equal(await clients.hold('a', 1000, async () => 'answered'), 'answered')
})

const clientAt = (ip: string, keyId?: string): string => clientOf({ ip, keyId } as FastifyRequest)

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
