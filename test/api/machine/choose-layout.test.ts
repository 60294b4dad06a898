import assert from 'node:assert/strict'
import test from 'node:test'
import { chooseLayout } from '../../../api/machine/choose-layout.ts'

const cpuInfo = (flags: string) => () => `processor\t: 0\nmodel name\t: some\nflags\t\t: fpu ${flags} sse\nbugs\t\t: none\n`

test('AVX-512 has blocks of 16 channels', () => assert.equal(chooseLayout('x64', cpuInfo('avx2 avx512f')), 'blocked16'))

test('AVX2 has blocks of 8 channels', () => assert.equal(chooseLayout('x64', cpuInfo('avx avx2')), 'blocked8'))

test('older and unknown processors get the plain graph', () => {
  assert.equal(chooseLayout('x64', cpuInfo('avx')), 'plain')
  assert.equal(chooseLayout('x64', () => ''), 'plain')
})

test('arm64 gets the plain graph', () => assert.equal(chooseLayout('arm64', () => assert.fail('nothing to read')), 'plain'))
