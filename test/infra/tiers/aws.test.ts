/**
 * The guide's commands for AWS, by AWS's own command line, against a stand-in for AWS whose endpoint is our service: what they send has
 * passed AWS's model of its requests, and the last one's answer is a label.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { delimiter, join } from 'node:path'
import test from 'node:test'
import { packageRoot } from '../../../models/package-root.ts'
import { pythonEnvironment } from '../../python-environment.ts'
import { makeGuideFolder } from './guide-folder.ts'
import { runSection } from './guide.ts'
import { StandIn, type Answer } from './stand-in.ts'

const programs = pythonEnvironment('infra-schemas', join(packageRoot, 'test/infra/tiers/requirements.txt'))
const image = '123456789012.dkr.ecr.eu-central-1.amazonaws.com/ghostserve:0.1.0'
const role = 'arn:aws:iam::123456789012:role/ghostserve'

/** Its operations are SageMaker's names, or another service's methods and paths. */
class Aws extends StandIn {
  protected async answer (request: IncomingMessage, body: Buffer): Promise<Answer> {
    const path = request.url!
    if (path === '/endpoints/ghostserve/invocations') return await this.forward('/invocations', request.headers['content-type']!, body)
    const operation = String(request.headers['x-amz-target'] ?? `${request.method} ${path}`)
    this.asked.set(operation, JSON.parse(body.toString()))
    if (operation === 'SageMaker.CreateEndpoint') {
      const { PrimaryContainer } = this.asked.get('SageMaker.CreateModel') as { PrimaryContainer: { Environment: Record<string, string> } }
      await this.deploy(PrimaryContainer.Environment)
    }
    return [operation.startsWith('POST') ? 201 : 200, operation === 'SageMaker.DescribeEndpoint' ? { EndpointStatus: 'InService' } : {}]
  }
}

test('the guide\'s commands for AWS are what its command line takes, and lead to a label', async (t) => {
  const aws = new Aws()
  t.after(() => aws.close())
  const { origin } = await aws.listen()
  const folder = makeGuideFolder(t)
  const options = {
    cwd: folder,
    environment: {
      PATH: [programs, process.env['PATH']].join(delimiter),
      AWS_ENDPOINT_URL: origin,
      AWS_DEFAULT_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'nobody',
      AWS_SECRET_ACCESS_KEY: 'nothing',
      AWS_CONFIG_FILE: '/dev/null',
      IMAGE: image,
      ROLE: role,
    },
  }

  await t.test('SageMaker', async () => {
    await runSection('SageMaker', options)
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
    const answer = readFileSync(join(folder, 'answer.json'), 'utf8')
    const { predictions: [result] } = JSON.parse(answer) as { predictions: [{ predictions: [{ label: string }] }] }
    assert.equal(result.predictions[0].label, 'espresso')
  })

  await t.test('Lambda', async () => {
    await runSection('AWS Lambda', options)
    assert.deepEqual(aws.asked.get('POST /2015-03-31/functions'), {
      FunctionName: 'ghostserve', PackageType: 'Image', Code: { ImageUri: image }, Role: role, MemorySize: 3072, Timeout: 30,
    })
    assert.deepEqual(aws.asked.get('POST /2021-10-31/functions/ghostserve/url'), { AuthType: 'AWS_IAM' })
  })

  await t.test('a misspelt option is refused', async () => {
    const misspelt = runSection('SageMaker', { ...options, replace: { '--endpoint-config-name': '--config' } })
    await assert.rejects(misspelt, /required: --endpoint-config-name|Unknown options/)
  })
})
