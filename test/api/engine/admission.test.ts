import assert from 'node:assert/strict'
import test from 'node:test'
import { Admission, type AdmissionLimits } from '../../../api/engine/admission.ts'

const open = (limits: Partial<AdmissionLimits> = {}): Admission => new Admission({ maxQueueSize: 100, maxClientImages: 0, ...limits })
const rejects = (admission: Admission, client: string, images: number): void =>
  assert.equal(admission.rejection(images, client)?.code, 'too_many_requests')
const accepts = (admission: Admission, client: string, images: number): void => assert.equal(admission.rejection(images, client), undefined)

test('counts the images that a client has in flight, and rejects more than its share', () => {
  const admission = open({ maxClientImages: 4 })
  admission.admit(3, 'a')
  rejects(admission, 'a', 2)
  accepts(admission, 'a', 1)
  accepts(admission, 'b', 4) // others have their own
  admission.admit(1, 'a')
  rejects(admission, 'a', 0)
  assert.throws(() => admission.admit(1, 'a'), { code: 'too_many_requests' })
  admission.release('a')
  accepts(admission, 'a', 0)
})

test('a client with nothing in flight costs no memory', () => {
  const admission = open({ maxClientImages: 1 })
  admission.admit(2, 'a')
  assert.equal(admission.clients, 1)
  admission.release('a')
  admission.release('a')
  assert.deepEqual([admission.clients, admission.inFlight], [0, 0])
})

test('a request of more images than the share is let in alone', () => {
  const admission = open({ maxClientImages: 2 })
  accepts(admission, 'a', 5)
  admission.admit(5, 'a')
  rejects(admission, 'a', 1)
})

test('a share of 0 is no limit', () => {
  const admission = open({ maxClientImages: 0 })
  admission.admit(90, 'a')
  accepts(admission, 'a', 10)
})

test('a full queue rejects everybody, and says when to try again', () => {
  const admission = open({ maxQueueSize: 2 })
  admission.admit(2, undefined)
  const rejection = admission.rejection(0, 'b')
  assert.deepEqual([rejection?.code, rejection?.retryAfterSeconds], ['queue_full', 1])
  admission.release(undefined)
  assert.equal(admission.rejection(1, 'b'), undefined)
  assert.equal(admission.rejection(2, 'b')?.code, 'queue_full')
})

test('once closed it rejects whatever comes', () => {
  const admission = open()
  admission.close()
  assert.equal(admission.rejection(0, undefined)?.code, 'shutting_down')
})
