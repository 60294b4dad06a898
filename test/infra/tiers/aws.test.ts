/**
 * The guide's commands for AWS, by AWS's own command line, against a stand-in for AWS whose endpoint is our service: what they send has
 * passed AWS's model of its requests, and the last one's answer is a label.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import test from 'node:test'
import { promisify } from 'node:util'
import { packageRoot } from '../../../models/package-root.ts'
import { readCommands } from '../../docs/page-commands.ts'
import { pythonEnvironment } from '../../python-environment.ts'
import { ServerProcess } from '../../server-process.ts'
import { readInfraFile } from '../infra-files.ts'

const programs = pythonEnvironment('infra-schemas', join(packageRoot, 'test/infra/tiers/requirements.txt'))
const image = '123456789012.dkr.ecr.eu-central-1.amazonaws.com/ghostserve:0.1.0'
const role = 'arn:aws:iam::123456789012:role/ghostserve'

/** What was asked of AWS: SageMaker's operation, or another service's method and path -> the JSON that came with it. */
type Asked = Map<string, Record<string, unknown>>
type Answer = readonly [status: number, body: string]

class StandIn {
  readonly asked: Asked = new Map()
  #endpoint: ServerProcess | undefined
  readonly #server = createServer((request, response) => {
    this.#answer(request).then(([status, body]) => response.writeHead(status, { 'content-type': 'application/json' }).end(body),
      (error: Error) => response.writeHead(500).end(error.message))
  })

  async listen (): Promise<string> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening')
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close (): Promise<void> {
    this.#server.close()
    await this.#endpoint?.stop()
  }

  async #answer (request: IncomingMessage): Promise<Answer> {
    const body = await buffer(request)
    const path = request.url!
    if (path === '/endpoints/ghostserve/invocations') return await this.#invoke(request.headers['content-type']!, body)
    const operation = String(request.headers['x-amz-target'] ?? `${request.method} ${path}`)
    this.asked.set(operation, JSON.parse(body.toString()) as Record<string, unknown>)
    if (operation === 'SageMaker.CreateEndpoint') {
      const { PrimaryContainer } = this.asked.get('SageMaker.CreateModel') as { PrimaryContainer: { Environment: Record<string, string> } }
      this.#endpoint = await ServerProcess.start(PrimaryContainer.Environment)
    }
    return [operation.startsWith('POST') ? 201 : 200, JSON.stringify(operation === 'SageMaker.DescribeEndpoint' ? { EndpointStatus: 'InService' } : {})]
  }

  async #invoke (contentType: string, body: Buffer): Promise<Answer> {
    const response = await fetch(`${this.#endpoint!.url}/invocations`, { method: 'POST', headers: { 'content-type': contentType }, body: new Uint8Array(body) })
    return [response.status, await response.text()]
  }
}

/** Runs the blocks of the guide's section as they are, in a folder that has its photos. */
async function runSection (title: string, url: string, folder: string): Promise<void> {
  const section = readInfraFile('README.md').split(/^## /m).find((section) => section.startsWith(`${title}\n`))!
  const blocks = readCommands(section)
  assert.ok(blocks.length > 0)
  for (const { code, runBy } of blocks) {
    assert.equal(runBy, 'test:infra')
    await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', code], {
      cwd: folder,
      env: {
        PATH: [programs, process.env['PATH']].join(delimiter),
        AWS_ENDPOINT_URL: url,
        AWS_DEFAULT_REGION: 'eu-central-1',
        AWS_ACCESS_KEY_ID: 'nobody',
        AWS_SECRET_ACCESS_KEY: 'nothing',
        AWS_CONFIG_FILE: '/dev/null',
        IMAGE: image,
        ROLE: role,
      },
    })
  }
}

test('the guide\'s commands for AWS are what its command line takes, and lead to a label', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'ghostserve-aws-'))
  t.after(() => rmSync(folder, { recursive: true }))
  symlinkSync(join(packageRoot, 'test'), join(folder, 'test'))
  const aws = new StandIn()
  t.after(() => aws.close())
  const url = await aws.listen()

  await t.test('SageMaker', async () => {
    await runSection('SageMaker', url, folder)
    const asked = (operation: string): unknown => aws.asked.get(`SageMaker.${operation}`)
    assert.deepEqual(asked('CreateModel'), {
      ModelName: 'ghostserve',
      ExecutionRoleArn: role,
      PrimaryContainer: { Image: image, Environment: { MAX_REQUEST_BYTES: '6291456', MAX_IMAGE_BYTES: '6291456' } },
    })
    assert.deepEqual(asked('CreateEndpointConfig'), {
      EndpointConfigName: 'ghostserve',
      ProductionVariants: [{ VariantName: 'all', ModelName: 'ghostserve', InitialInstanceCount: 1, InstanceType: 'ml.c7i.large' }],
    })
    assert.deepEqual(asked('CreateEndpoint'), { EndpointName: 'ghostserve', EndpointConfigName: 'ghostserve' })
    const { predictions: [result] } = JSON.parse(readFileSync(join(folder, 'answer.json'), 'utf8')) as { predictions: [{ predictions: [{ label: string }] }] }
    assert.equal(result.predictions[0].label, 'espresso')
  })

  await t.test('Lambda', async () => {
    await runSection('AWS Lambda', url, folder)
    assert.deepEqual(aws.asked.get('POST /2015-03-31/functions'), {
      FunctionName: 'ghostserve', PackageType: 'Image', Code: { ImageUri: image }, Role: role, MemorySize: 3072, Timeout: 30,
    })
    assert.deepEqual(aws.asked.get('POST /2021-10-31/functions/ghostserve/url'), { AuthType: 'AWS_IAM' })
  })

  await t.test('a misspelt option is refused', async () => {
    const { PATH } = process.env
    const command = promisify(execFile)(join(programs, 'aws'), ['sagemaker', 'create-endpoint', '--endpoint-name', 'ghostserve', '--config', 'ghostserve'], {
      env: { PATH, AWS_ENDPOINT_URL: url, AWS_DEFAULT_REGION: 'eu-central-1', AWS_CONFIG_FILE: '/dev/null' },
    })
    await assert.rejects(command, /--endpoint-config-name|Unknown options/)
  })
})
