import assert from 'node:assert/strict'
import test from 'node:test'
import Fastify from 'fastify'
import { parseTrustProxy } from '../../../api/http/trust-proxy.ts'

/** The address that a request from 10.0.0.2 through proxies that wrote `forwarded` is said to have. */
async function addressOf (trustProxy: string, forwarded: string): Promise<string> {
  const app = Fastify({ trustProxy: parseTrustProxy(trustProxy) })
  app.get('/', async ({ ip }) => ip)
  return (await app.inject({ url: '/', remoteAddress: '10.0.0.2', headers: { 'x-forwarded-for': forwarded } })).body
}

const cases: Record<string, [trustProxy: string, forwarded: string, address: string]> = {
  'no proxy is trusted by default': ['', '192.0.2.1', '10.0.0.2'],
  '0 proxies: none is trusted': ['0', '192.0.2.1', '10.0.0.2'],
  'one proxy has the last word': ['1', '6.6.6.6, 192.0.2.1', '192.0.2.1'],
  'two proxies have the last two': ['2', '6.6.6.6, 192.0.2.1, 10.0.0.1', '192.0.2.1'],
  'a proxy in the range is believed': ['10.0.0.0/8', '6.6.6.6, 192.0.2.1', '192.0.2.1'],
  'one among several is believed': ['192.168.0.0/16, 10.0.0.2', '192.0.2.1', '192.0.2.1'],
  'a peer outside the range is not': ['192.168.0.0/16,2001:db8::/32', '192.0.2.1', '10.0.0.2'],
}
for (const [what, [trustProxy, forwarded, address]] of Object.entries(cases)) {
  test(what, async () => assert.equal(await addressOf(trustProxy, forwarded), address))
}

for (const text of ['true', '-1', '1.5', '10.0.0.0/33', '10.0.0.0/0', '10.0.0.0/8/8', '10.0.0', '2001:db8::/129', '10.0.0.1, 2']) {
  test(`${text} ends the start with one sentence`, () => {
    assert.throws(() => parseTrustProxy(text), { code: 'CONFIG_INVALID', message: /^Expected TRUST_PROXY to be a number of proxies, or addresses and CIDR ranges, got ".+"\.$/ })
  })
}
