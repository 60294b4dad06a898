const shellWord = (word) => /^[\w.:/=@-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
/** curl ends a file's name at a comma or semicolon, unless it is quoted. */
const curlPart = (name) => shellWord(/^[^,;"\\]+$/.test(name) ? `image=@${name}` : `image=@"${name.replace(/["\\]/g, '\\$&')}"`)

/** A request of files with these names in curl, TypeScript and Python. `needsKey`: the service asks for an API key. */
// eslint-disable-next-line no-unused-vars -- by script.js, which follows in the same script element
const snippets = {
  curl: ({ url, names, needsKey }) => ['curl', ...needsKey ? ['-H "x-api-key: $GHOSTSERVE_KEY"'] : [], ...names.map((name) => `-F ${curlPart(name)}`), shellWord(url)]
    .join(' \\\n  '),
  typescript: ({ url, names, needsKey }) => `import { readFile } from 'node:fs/promises'

const form = new FormData()
for (const path of ${JSON.stringify(names)}) {
  form.append('image', new Blob([await readFile(path)]), path)
}
const response = await fetch('${url}', {
  method: 'POST',${needsKey ? '\n  headers: { \'x-api-key\': process.env.GHOSTSERVE_KEY! },' : ''}
  body: form,
})
const answer = await response.json()
if (!response.ok) throw new Error(answer.detail)
for (const { predictions, error } of answer.results) {
  console.log(predictions ?? error)
}`,
  python: ({ url, names, needsKey }) => `${needsKey ? 'import os\n\n' : ''}import requests

paths = ${JSON.stringify(names)}
response = requests.post(
    "${url}",${needsKey ? '\n    headers={"x-api-key": os.environ["GHOSTSERVE_KEY"]},' : ''}
    files=[("image", open(path, "rb")) for path in paths],
)
answer = response.json()
if not response.ok:
    raise SystemExit(answer["detail"])
for result in answer["results"]:
    print(result["error"] if "error" in result else result["predictions"])`,
}
