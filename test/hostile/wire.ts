/** Requests as bytes. */

export interface RequestParts {
  readonly method?: string
  readonly target?: string
  /** Lines without their end, after Host; a name may come twice. */
  readonly fields?: readonly string[]
  readonly body?: Buffer | string
}

const crlf = '\r\n'

/** A request whose connection ends with it, its body as long as it says, unless `fields` say otherwise. */
export function request ({ method = 'POST', target = '/classify', fields = [], body }: RequestParts): Buffer {
  const bytes = body === undefined ? undefined : Buffer.from(body as string)
  const names = new Set(fields.map((field) => field.split(':', 1)[0]!.trim().toLowerCase()))
  const ownFields = [
    'Host: localhost',
    ...(names.has('connection') ? [] : ['Connection: close']),
    ...(bytes === undefined || names.has('content-length') || names.has('transfer-encoding') ? [] : [`Content-Length: ${bytes.length}`]),
  ]
  const head = [`${method} ${target} HTTP/1.1`, ...ownFields, ...fields, '', ''].join(crlf)
  return Buffer.concat([Buffer.from(head, 'latin1'), bytes ?? Buffer.alloc(0)])
}

/** One image as the body itself. */
export function upload (image: Buffer | string, contentType = 'image/jpeg', target = '/classify'): Buffer {
  return request({ target, fields: [`Content-Type: ${contentType}`], body: image })
}

export const boundary = 'hostile'
export const formType = `Content-Type: multipart/form-data; boundary=${boundary}`

export interface Part { readonly fields?: readonly string[], readonly content: Buffer | string }

export function filePart (content: Buffer | string, name = 'image', filename = 'photo.jpg'): Part {
  return { fields: [`Content-Disposition: form-data; name="${name}"; filename="${filename}"`, 'Content-Type: image/jpeg'], content }
}

export function fieldPart (content: Buffer | string, name = 'text'): Part {
  return { fields: [`Content-Disposition: form-data; name="${name}"`], content }
}

interface FormOptions { readonly separator?: string, readonly preamble?: string, readonly end?: string }

export function formBody (parts: readonly Part[], { separator = boundary, preamble = '', end = `--${separator}--${crlf}` }: FormOptions = {}): Buffer {
  const pieces = parts.flatMap(({ fields = [], content }) => [`--${separator}${crlf}`, ...fields.map((field) => field + crlf), crlf, content, crlf])
  return Buffer.concat([preamble, ...pieces, end].map((piece) => typeof piece === 'string' ? Buffer.from(piece) : piece))
}

/** A form of file parts. */
export function form (parts: readonly Part[], options?: FormOptions): Buffer {
  return request({ fields: [formType], body: formBody(parts, options) })
}

/** A body in chunks, each as its size and its bytes. */
export function chunked (...chunks: Array<Buffer | string>): Buffer {
  return Buffer.concat([...chunks, ''].flatMap((chunk) => {
    const bytes = Buffer.from(chunk as string)
    return [Buffer.from(`${bytes.length.toString(16)}${crlf}`), bytes, Buffer.from(crlf)]
  }))
}
