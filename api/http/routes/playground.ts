/** GET / */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import type { Config } from '../../config.ts'
import { imageFormats, parseFormats } from '../../images/formats.ts'
import { open, probe } from '../route-access.ts'
import { renderOnce } from '../render-once.ts'
import { sourceHash } from '../source-hash.ts'
import { packageRoot } from '../../../models/package-root.ts'

interface Page { readonly html: Buffer, readonly contentSecurityPolicy: string }

/** Registers the playground. Without it `/` still responds that the process lives, which KServe's v1 protocol expects. */
export function registerPlaygroundRoute (app: FastifyInstance, config: Config): void {
  if (!config.playground) {
    app.get('/', { config: probe }, async () => ({ status: 'alive' }))
    return
  }
  const getPage = renderOnce(async () => await makePage(config))
  app.get('/', { config: open, onRequest: app.shedLoad }, async (_request, reply) => {
    const { html, contentSecurityPolicy } = await getPage()
    reply.type('text/html; charset=utf-8').header('content-security-policy', contentSecurityPolicy)
    return html
  })
}

/** One HTML file with its style and script; the policy allows only these, previews of images and calls of this service. */
async function makePage ({ imageFormats: formats, maxImages, maxImageBytes, maxRequestBytes, apiKeysFile }: Config): Promise<Page> {
  const [html, style, ...scripts] = await Promise.all(['page.html', 'style.css', 'code.js', 'problems.js', 'script.js'].map((name) =>
    readFile(join(packageRoot, 'api/http/playground', name), 'utf8'))) as [string, string, string, string]
  const script = scripts.join('\n')
  const accepted = parseFormats(formats).map((format) => imageFormats[format])
  const values: Record<string, string> = {
    style,
    script,
    maxImages: String(maxImages),
    maxRequestBytes: String(maxRequestBytes),
    maxImageSize: describeBytes(maxImageBytes),
    needsKey: apiKeysFile === '' ? '' : ' data-needs-key',
    accept: accepted.map(({ mediaType }) => mediaType).join(','),
    formats: accepted.map(({ title }) => title).join(', '),
  }
  return {
    html: Buffer.from(html.replace(/\{\{(\w+)\}\}/g, (_, name: string) => values[name]!)),
    contentSecurityPolicy: [
      "default-src 'none'",
      `script-src ${sourceHash(script)}`,
      `style-src ${sourceHash(style)}`,
      'img-src blob: data:',
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
  }
}

function describeBytes (bytes: number): string {
  return bytes < 2 ** 20 ? `${Math.round(bytes / 2 ** 10)} KiB` : `${Number((bytes / 2 ** 20).toFixed(1))} MiB`
}
