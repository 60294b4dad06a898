/** OpenAPI document -> a page of plain HTML: no script, nothing loaded from anywhere. */
import { sourceHash } from '../source-hash.ts'
import type { OpenApiDocument } from './document.ts'

interface Schema {
  type?: string | string[]
  format?: string
  const?: unknown
  default?: unknown
  minimum?: number
  maximum?: number
  minItems?: number
  maxItems?: number
  description?: string
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  anyOf?: Schema[]
  $ref?: string
}
interface Content { schema: Schema, example?: unknown, examples?: Record<string, { summary: string, value: unknown }> }
interface Parameter { name: string, in: string, description?: string, schema: Schema }
interface Response {
  description: string
  headers?: Record<string, Omit<Parameter, 'name' | 'in'>>
  content?: Record<string, Content>
}
interface Method {
  operationId: string
  summary: string
  description: string
  parameters?: Parameter[]
  requestBody?: { content: Record<string, Content> }
  responses: Record<string, Response>
  'x-codeSamples'?: Array<{ label: string, source: string }>
}
interface Document {
  info: { title: string, version: string, description: string }
  paths: Record<string, Record<string, Method>>
  components: { schemas: Record<string, Schema> }
}

const style = `
:root { color-scheme: light dark; --line: #8884; --accent: #0a7a55 }
@media (prefers-color-scheme: dark) { :root { --accent: #5fd0a5 } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 58rem; margin: 0 auto; padding: 1.5rem }
h1 small, .type { font-weight: normal; opacity: .7; font-size: .85em }
section { border-top: 1px solid var(--line); margin-top: 2rem }
h2 code, a { color: var(--accent) }
code, pre { font-family: ui-monospace, monospace; font-size: .9em }
pre { background: #8881; padding: .75rem; overflow: auto; border-radius: .4rem }
summary { cursor: pointer; padding: .2rem 0 }
details { border-bottom: 1px solid var(--line) }
li { margin: .15rem 0 }
`

/** Allows the page its own style, and nothing else. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  `style-src ${sourceHash(style)}`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

export function renderDocsPage (document: OpenApiDocument): string {
  const { info, paths, components } = document as unknown as Document
  const sections = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => renderMethod(path, method, operation)))
  const schemas = Object.entries(components.schemas).map(([name, schema]) =>
    `<section id="${escape(name)}"><h2>${escape(name)}</h2>${renderSchema(schema)}</section>`)
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escape(info.title)} API</title>
<style>${style}</style>
<h1>${escape(info.title)} <small>${escape(info.version)}</small></h1>
<p>${escape(info.description)}
<p>For programs: <a href="openapi.json">openapi.json</a>, OpenAPI 3.1.
${sections.join('\n')}
${schemas.join('\n')}
</html>
`
}

function renderMethod (path: string, method: string, operation: Method): string {
  const { operationId, summary, description, parameters = [], requestBody, responses, 'x-codeSamples': samples = [] } = operation
  const list = parameters.map(({ name, in: place, ...parameter }) => renderParameter(name, parameter, place))
  return `<section id="${escape(operationId)}">
<h2><code>${escape(method.toUpperCase())} ${escape(path)}</code></h2>
<p><strong>${escape(summary)}.</strong> ${renderText(description)}
${samples.map(({ label, source }) => `<p>${escape(label)}:<pre>${escape(source)}</pre>`).join('\n')}
${list.length === 0 ? '' : `<h3>Parameters</h3><ul>${list.join('')}</ul>`}
${requestBody === undefined ? '' : `<h3>Body</h3>${Object.entries(requestBody.content).map(renderContent).join('\n')}`}
<h3>Responses</h3>
${Object.entries(responses).map(renderResponse).join('\n')}
</section>`
}

function renderResponse ([status, { description, headers = {}, content = {} }]: [string, Response]): string {
  const list = Object.entries(headers).map(([name, header]) => renderParameter(name, header, 'header'))
  return `<details><summary><code>${escape(status)}</code> ${renderText(description)}</summary>
<ul>${list.join('')}</ul>
${Object.entries(content).map(renderContent).join('\n')}</details>`
}

function renderContent ([type, { schema, example, examples = {} }]: [string, Content]): string {
  const shown = example === undefined ? Object.values(examples).map(({ value }) => value) : [example]
  return `<p><code>${escape(type)}</code></p>${renderSchema(schema)}
${shown.map((value) => `<pre>${escape(JSON.stringify(value, null, 2))}</pre>`).join('\n')}`
}

function renderSchema (schema: Schema): string {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.split('/').at(-1)!
    return `<p><a href="#${escape(name)}">${escape(name)}</a></p>`
  }
  if (schema.properties === undefined) return schema.items === undefined ? `<p>${describeType(schema)}</p>` : renderSchema(schema.items)
  return `<ul>${Object.entries(schema.properties).map(([name, property]) =>
    renderProperty(name, property, schema.required?.includes(name) === true ? '' : 'optional')).join('')}</ul>`
}

/** Renders a parameter or header, whose description is next to its schema instead of inside. */
function renderParameter (name: string, { schema, description = '' }: Omit<Parameter, 'name' | 'in'>, place: string): string {
  return renderProperty(name, { ...schema, description }, place)
}

function renderProperty (name: string, schema: Schema, note: string): string {
  const nested = schema.properties ?? schema.items?.properties
  return `<li><code>${escape(name)}</code> ${describeType(schema, note)}${nested === undefined ? '' : renderSchema(schema)}</li>`
}

/** Renders the type, its bounds and its meaning. */
function describeType (schema: Schema, note = ''): string {
  const { type, format, const: constant, default: defaultValue, minimum, maximum, minItems, maxItems, description, items, anyOf } = schema
  const choices = anyOf?.map((choice) => JSON.stringify(choice.const)).join(', ')
  const facts = [
    constant === undefined ? choices ?? [type ?? []].flat().join(' or ') : JSON.stringify(constant),
    items === undefined ? '' : `of ${[items.type ?? []].flat().join(' or ')}`,
    format,
    note,
    minimum === undefined ? '' : `from ${minimum}`,
    maximum === undefined ? '' : `to ${maximum}`,
    minItems === undefined ? '' : `at least ${minItems}`,
    maxItems === undefined ? '' : `at most ${maxItems}`,
    defaultValue === undefined ? '' : `default ${JSON.stringify(defaultValue)}`,
  ].filter((fact) => fact !== undefined && fact !== '')
  return `<span class="type">${escape(facts.join(', '))}</span> ${renderText(description ?? '')}`
}

/** Renders text whose only markup is `code`. */
function renderText (text: string): string {
  return escape(text).replace(/`([^`]+)`/g, '<code>$1</code>')
}

function escape (text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
