import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import type { TestContext } from 'node:test'
import { buildApp } from '../../api/app.ts'
import type { Classifier } from '../../api/engine/classifier.ts'
import { readConfig } from '../../api/config.ts'
import { createClassifier } from '../../api/engine/create-classifier.ts'

type Logger = NonNullable<FastifyServerOptions['logger']>

export interface TestApp { readonly app: FastifyInstance, readonly classifier: Classifier }

/**
 * The service with the bundled model, not listening; closed with the test.
 *
 * @param environment - As for the process.
 * @param start - Left out, sessions are made before it returns; false leaves the service as it is before its model is loaded.
 */
export async function openApp (
  t: TestContext, environment: Record<string, string> = {}, { start = true, logger = false }: { start?: boolean, logger?: Logger } = {}
): Promise<TestApp> {
  const config = readConfig({ WORKERS: '1', ...environment })
  const classifier = await createClassifier(config, (error) => { throw error })
  const app = buildApp(config, classifier, logger)
  t.after(() => app.close())
  if (start) await classifier.start()
  return { app, classifier }
}

/** A multipart/form-data body of file parts, as browsers and curl send it. */
export function formOf (...files: Array<Buffer | string>): { payload: Buffer, headers: { 'content-type': string } } {
  const boundary = '----ghostserve-test-boundary'
  const parts = files.flatMap((file, i) => [
    `--${boundary}\r\nContent-Disposition: form-data; name="image${i}"; filename="${i}"\r\nContent-Type: application/octet-stream\r\n\r\n`,
    file,
    '\r\n',
  ])
  const payload = Buffer.concat([...parts, `--${boundary}--\r\n`].map((part) => Buffer.from(part as string)))
  return { payload, headers: { 'content-type': `multipart/form-data; boundary=${boundary}` } }
}
