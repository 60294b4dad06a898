/** API keys from a mounted file, which has only their digests. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { ConfigError } from '../../config.ts'

interface ApiKey { readonly id: string, readonly digest: Buffer }

const keyLine = /^([\w.-]{1,64})[ \t]+([0-9a-fA-F]{64})$/

export class ApiKeys {
  readonly #keys: readonly ApiKey[]

  /**
   * Parses a file of keys.
   *
   * @param text - Lines `key-id sha256`; empty lines and those that start with # are skipped. An id may have several keys.
   * @param source - Name of the text in errors.
   * @throws ConfigError naming the first line that is not valid, but not its content; or if there is no key.
   */
  constructor (text: string, source: string) {
    this.#keys = text.split('\n').flatMap((line, i) => {
      const content = line.trim()
      if (content === '' || content.startsWith('#')) return []
      const [, id, digest] = keyLine.exec(content) ?? []
      if (id === undefined || digest === undefined) {
        throw new ConfigError(`Expected line ${i + 1} of ${source} to be a key id and a SHA-256 of 64 hexadecimal digits, got something else.`)
      }
      return [{ id, digest: Buffer.from(digest, 'hex') }]
    })
    if (this.#keys.length === 0) throw new ConfigError(`Expected at least one key in ${source}, got none.`)
  }

  /** Id of this key, if it is known. Takes the same time for every key. */
  identify (key: string): string | undefined {
    const digest = createHash('sha256').update(key).digest()
    let found: string | undefined
    for (const each of this.#keys) {
      if (timingSafeEqual(each.digest, digest)) found ??= each.id
    }
    return found
  }
}

/** Reads the file of keys. @throws ConfigError if the file cannot be read or is not valid. */
export function readApiKeys (path: string): ApiKeys {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new ConfigError(`Expected API_KEYS_FILE to be a file that can be read, got ${JSON.stringify(path)}: ${(cause as NodeJS.ErrnoException).code}.`, { cause })
  }
  return new ApiKeys(text, path)
}
