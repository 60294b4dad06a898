/**
 * The first key that an object of a valid JSON text has twice. JSON.parse keeps the last one silently, so that two
 * readers of one file could disagree about it.
 */
export function findDuplicateKey (json: string): string | undefined {
  const scopes: Array<Set<string>> = []
  for (let i = 0; i < json.length; i++) {
    const character = json[i]
    if (character === '{') scopes.push(new Set())
    if (character === '}') scopes.pop()
    if (character !== '"') continue
    const start = i
    for (i++; json[i] !== '"'; i++) {
      if (json[i] === '\\') i++
    }
    if (!isKey(json, i + 1)) continue
    const key = JSON.parse(json.slice(start, i + 1)) as string
    if (scopes.at(-1)!.has(key)) return key
    scopes.at(-1)!.add(key)
  }
  return undefined
}

/** Whether a string is a key: a colon follows. */
function isKey (json: string, afterString: number): boolean {
  let i = afterString
  while (' \t\r\n'.includes(json[i] ?? ':')) i++
  return json[i] === ':'
}
