import assert from 'node:assert/strict'
import test, { suite } from 'node:test'
import { chooseExecutionProvider, type Machine } from '../../../../api/machine/execution-provider/choose-execution-provider.ts'
import { chooseGpuLayout } from '../../../../api/machine/execution-provider/choose-gpu-layout.ts'
import { executionProviders } from '../../../../api/config.ts'
import { explainOutput, explainUnavailable } from '../../../../api/machine/execution-provider/explain-no-session.ts'
import { batchBuckets } from '../../../../api/machine/batch-size.ts'

/** What onnxruntime 1.30 prints where its provider, or a library that this one needs, is missing. */
const outputWithout = (library: string): string =>
  '[E:onnxruntime:onnxruntime-node, provider_bridge_ort.cc:2146 Create] [ONNXRuntimeError] : 1 : FAIL : Failed to load library ' +
  `/app/libonnxruntime_providers_cuda.so with error: ${library}: cannot open shared object file: No such file or directory\n\n` +
  'OrtSessionOptionsAppendExecutionProvider_Cuda: Failed to load shared library\n'

suite('a provider that cannot be used', () => {
  test('is explained by the library that the loader did not find, or by the last that onnxruntime said', () => {
    assert.equal(explainOutput(outputWithout('libcublasLt.so.13')), 'libcublasLt.so.13 is not on the library path')
    assert.equal(explainOutput(outputWithout('/app/libonnxruntime_providers_shared.so')), 'libonnxruntime_providers_shared.so is not on the library path')
    assert.equal(explainOutput('a warning\nCUDA driver version is insufficient for CUDA runtime version\n'),
      'no session can be made: CUDA driver version is insufficient for CUDA runtime version')
    assert.equal(explainOutput(''), undefined)
  })

  const skip = process.platform !== 'linux' && 'Vulkan\'s loader is Linux\'s'

  test('says so from a process of its own, by onnxruntime\'s own words', { skip }, async () => {
    const environment = { ...process.env, VK_DRIVER_FILES: '/nowhere', VK_ICD_FILENAMES: '/nowhere' }
    assert.match((await explainUnavailable('webgpu', environment))!, /^libvulkan\.so\.1 is not on the library path$|No supported adapters$/)
  })

  test('is none that runs the bundled model', async () => {
    assert.equal(await explainUnavailable('cpu'), undefined)
  })
})

suite('the choice', () => {
  const machine = (usable: string[], hasGpu = true): Machine => ({
    explainUnavailable: async (provider) => usable.includes(provider) ? undefined : 'libx.so is missing',
    hasGpu: () => hasGpu,
    listSupported: () => ['cpu', 'webgpu', 'cuda'],
  })

  test('auto is cuda, webgpu, cpu, and never tensorrt; without a GPU it is cpu, and nothing is tried', async () => {
    assert.equal(await chooseExecutionProvider('auto', machine(['cuda', 'tensorrt', 'webgpu'])), 'cuda')
    assert.equal(await chooseExecutionProvider('auto', machine(['tensorrt', 'webgpu'])), 'webgpu')
    assert.equal(await chooseExecutionProvider('auto', machine([])), 'cpu')
    const notAsked = async (): Promise<never> => assert.fail('tried')
    assert.equal(await chooseExecutionProvider('auto', { ...machine([], false), explainUnavailable: notAsked }), 'cpu')
  })

  test('auto hides Vulkan drivers that compute on the processor', async () => {
    const drivers: unknown[] = []
    await chooseExecutionProvider('auto', {
      ...machine([]),
      explainUnavailable: async (provider, environment) => {
        if (provider === 'webgpu') drivers.push(environment?.['VK_LOADER_DRIVERS_DISABLE'])
        return 'none'
      },
    })
    assert.deepEqual(drivers, ['*swiftshader*,*lavapipe*,*lvp*,*llvmpipe*'])
  })

  test('a named one is taken or rejected, never replaced', async () => {
    assert.equal(await chooseExecutionProvider('webgpu', machine(['webgpu'], false)), 'webgpu')
    await assert.rejects(chooseExecutionProvider('cuda', machine(['webgpu'])), {
      code: 'CONFIG_INVALID', message: 'EXECUTION_PROVIDER=cuda cannot be used because libx.so is missing; `ghostserve doctor` says what can.',
    })
    await assert.rejects(chooseExecutionProvider('tensorrt', machine(['tensorrt'])), /because onnxruntime has only cpu, webgpu, cuda on /)
  })

  test('onnxruntime knows every provider that can be named, on Linux x64', { skip: process.platform !== 'linux' || process.arch !== 'x64' }, async () => {
    const { listSupportedBackends } = await import('onnxruntime-node')
    assert.deepEqual(listSupportedBackends().map(({ name }) => name).sort(), [...executionProviders].sort())
  })
})

test('a GPU has fixed batch sizes up to the largest, a CPU has none', () => {
  assert.deepEqual(batchBuckets('cpu', 8), [])
  assert.deepEqual(batchBuckets('cuda', 8), [1, 2, 4, 8])
  assert.deepEqual(batchBuckets('webgpu', 6), [1, 2, 4, 6])
  assert.deepEqual(batchBuckets('webgpu', 1), [1])
})

test('a GPU gets the float16 graph where it can compute in it, and WebGPU is asked', async () => {
  const asked: string[] = []
  const layoutOn = async (provider: 'cuda' | 'tensorrt' | 'webgpu', reason: string | undefined) =>
    await chooseGpuLayout(provider, '/model', async (...question) => {
      asked.push(question.join(' '))
      return reason
    })
  assert.equal(await layoutOn('cuda', 'not asked'), 'plain-fp16')
  assert.equal(await layoutOn('tensorrt', undefined), 'plain')
  assert.deepEqual(asked, [])
  assert.equal(await layoutOn('webgpu', undefined), 'plain-fp16')
  assert.equal(await layoutOn('webgpu', 'no session can be made: the device does not support f16'), 'plain')
  assert.deepEqual(asked, Array(2).fill('webgpu /model/graphs/plain-fp16.onnx'))
})
