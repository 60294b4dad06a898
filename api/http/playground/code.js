const shellWord = (word) => /^[\w.:/=@-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
/** curl ends a file's name at a comma or semicolon, unless it is quoted. */
const curlPart = (name) => shellWord(/^[^,;"\\]+$/.test(name) ? `image=@${name}` : `image=@"${name.replace(/["\\]/g, '\\$&')}"`)

/** A request with these files in curl, TypeScript and Python. `needsKey`: whether the service needs an API key. */
// eslint-disable-next-line no-unused-vars -- by script.js, which follows in the same script element
const snippets = {
  curl: ({ url, names, needsKey }) => ['curl', ...needsKey ? ['-H "x-api-key: $GHOSTSERVE_KEY"'] : [], ...names.map((name) => `-F ${curlPart(name)}`), shellWord(url)]
    .join(' \\\n  '),
  typescript: ({ base, names, needsKey, minScore }) => `import { readFileSync } from 'node:fs'
import { GhostServeClient } from 'ghostserve/client'

const client = new GhostServeClient({ url: '${base}'${needsKey ? ', apiKey: process.env.GHOSTSERVE_KEY!' : ''} })
const photos = ${JSON.stringify(names)}.map((path) => readFileSync(path))
for await (const outcome of client.classifyAll(photos${minScore > 0 ? `, { minScore: ${minScore} }` : ''})) {
  console.log('error' in outcome ? outcome.error.message : outcome.predictions)
}`,
  python: ({ url, names, needsKey }) => `${needsKey ? 'import os\n\n' : ''}import httpx

paths = ${JSON.stringify(names)}
response = httpx.post(
    "${url}",${needsKey ? '\n    headers={"x-api-key": os.environ["GHOSTSERVE_KEY"]},' : ''}
    files=[("image", open(path, "rb")) for path in paths],
    timeout=30,
)
answer = response.json()
if response.is_error:
    raise SystemExit(answer["detail"])
for result in answer["results"]:
    print(result["error"] if "error" in result else result["predictions"])`,
}
