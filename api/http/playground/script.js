/* global snippets, explanations -- code.js, problems.js */

const byId = (id) => document.getElementById(id)
const status = byId('status')
const { maxImages, maxRequestBytes, needsKey } = document.body.dataset
const formOverheadBytes = 1024

/** Makes an element; text becomes text nodes, never markup. */
function element (name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties)
  made.append(...children)
  return made
}

const plural = (count, noun) => `${count} ${noun}${count === 1 ? '' : 's'}`
const milliseconds = (value) => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`
const percent = (score) => `${(score * 100).toFixed(1)} %`

// --- The service

/** Lowest score that is shown, 0 to 1; 0 shows all. */
const minScore = () => Number(byId('min-score').value) / 100
const query = (lowest) => lowest === 0 ? '' : `?minScore=${lowest}`

const keyHeaders = () => byId('key').value === '' ? {} : { 'x-api-key': byId('key').value }

/** Sends a request: the response's JSON, or a problem, also for failures outside of the service. */
async function send (path, options = {}) {
  try {
    const response = await fetch(path, { ...options, headers: keyHeaders() })
    const text = await response.text()
    const serverTiming = response.headers.get('server-timing') ?? ''
    if (/json/.test(response.headers.get('content-type') ?? '')) return { [response.ok ? 'body' : 'problem']: JSON.parse(text), serverTiming }
    return { problem: { title: `Status ${response.status}`, detail: 'This response came from something in front of the service.', status: response.status } }
  } catch {
    const detail = 'Either the service cannot be reached, or a file could not be read. Check the connection and the files, then try again.'
    return { problem: { title: 'No response', detail } }
  }
}

// --- Images in, requests out

/** Files -> as few requests as the service's limits allow. A file that is too large by itself is left for the service to reject. */
function split (files) {
  const requests = []
  let bytes = Infinity
  for (const file of files) {
    bytes += file.size + formOverheadBytes
    if (bytes > Number(maxRequestBytes) || requests.at(-1).length === Number(maxImages)) {
      requests.push([])
      bytes = file.size + formOverheadBytes
    }
    requests.at(-1).push(file)
  }
  return requests
}

async function classifyAll (files, nothing) {
  if (files.length === 0) status.textContent = nothing
  for (const photos of split(files)) await classify(photos, byId('requests'))
}

/** Shows the request at the top of `place`, then its results. */
async function classify (photos, place) {
  const count = plural(photos.length, 'photo')
  const title = element('h3', {}, count)
  const answers = photos.map(() => element('div', {}, element('p', { className: 'hint' }, 'Classifying.')))
  const cards = photos.map((photo, i) =>
    element('li', { className: 'photo' }, picture(photo), element('div', {}, element('h3', {}, photo.name), answers[i])))
  const head = element('div', {}, title)
  const request = element('section', { className: 'request', tabIndex: -1, ariaLabel: `Request with ${count}`, ariaBusy: 'true' },
    head, element('ul', { className: 'photos' }, ...cards))
  place.prepend(request)
  status.textContent = `Classifying ${count}.`
  showCode(photos.map(({ name }) => name))

  const form = new FormData()
  for (const photo of photos) form.append('image', photo, photo.name)
  const lowest = minScore()
  const startedAt = performance.now()
  const { body, problem, serverTiming = '' } = await send(`classify${query(lowest)}`, { method: 'POST', body: form })
  const duration = performance.now() - startedAt
  request.ariaBusy = null
  const stages = readServerTiming(serverTiming)
  if (stages.length > 0) head.append(...showStages(stages, photos.length))

  // If no image could be classified, each has its own problem, unless the request was rejected as a whole.
  const results = body?.results ?? problem.errors?.map((error) => ({ error }))
  if (results === undefined) {
    const alert = showProblem(problem)
    alert.role = 'alert'
    if (isWorthRetrying(problem)) alert.append(element('button', { type: 'button', onclick: () => retry(request, photos, place) }, 'Try again'))
    head.append(alert)
    for (const answer of answers) answer.replaceChildren(element('p', { className: 'hint' }, 'Not classified.'))
    status.textContent = 'Nothing was classified.'
    if (problem.code === 'unauthorized') byId('key').focus()
    return
  }
  title.textContent = `${count} in ${milliseconds(duration)}`
  results.forEach((result, i) => answers[i].replaceChildren(showResult(result, lowest)))
  status.replaceChildren(...summary(photos, results))
}

/** Whether another attempt may succeed: with a key, later, or once the network is back. */
const isWorthRetrying = ({ status = 503 }) => status === 401 || status === 408 || status === 429 || status >= 500

function retry (request, photos, place) {
  request.remove()
  classify(photos, place)
  place.firstChild.focus() // the button that had it is gone
}

function picture (photo) {
  const image = element('img', { alt: '', src: URL.createObjectURL(photo), decoding: 'async' })
  image.onload = () => URL.revokeObjectURL(image.src)
  image.onerror = () => image.replaceWith(element('div', { className: 'no-picture' }, 'No preview'))
  return image
}

// --- What came back

function showResult ({ predictions, noneOfThese, error }, lowest) {
  if (error !== undefined) return showProblem(error)
  return noneOfThese ? element('p', { className: 'none' }, `None of these classes: no score reaches ${percent(lowest)}.`) : showPredictions(predictions)
}

function showPredictions (predictions) {
  return element('ol', { className: 'predictions' }, ...predictions.map(({ label, score }) => {
    const bar = element('div', { className: 'bar', ariaHidden: 'true' }, element('i'))
    bar.firstChild.style.width = `${score * 100}%`
    return element('li', {}, element('span', {}, label), element('span', { className: 'score' }, percent(score)), bar)
  }))
}

function showProblem ({ title, detail, code, requestId }) {
  const explanation = explanations[code]
  const facts = code === undefined ? [] : ['Code ', element('code', {}, code), ', request ', element('code', {}, requestId)]
  const own = explanation === undefined ? [] : [element('p', {}, detail)]
  return element('div', { className: 'problem' }, element('strong', {}, title), element('p', {}, explanation ?? detail),
    element('details', { hidden: facts.length === 0 }, element('summary', {}, 'Details'), ...own, element('p', { className: 'hint' }, ...facts)))
}

/** Server-Timing -> stages: `read;dur=1.2, run;dur=7.9` -> `[['read', 1.2], ['run', 7.9]]` */
function readServerTiming (header) {
  return [...header.matchAll(/([\w-]+);dur=([\d.]+)/g)].map(([, stage, duration]) => [stage, Number(duration)])
}

const stageMeanings = {
  read: 'reading the request',
  decode: 'decoding and resizing',
  queue: 'waiting for a free session',
  run: 'running the model',
  post: 'turning logits into labels',
}

function showStages (stages, photos) {
  const timeline = element('div', { className: 'timeline', ariaHidden: 'true' })
  const list = element('dl', { className: 'stages' })
  for (const [stage, duration] of stages) {
    timeline.append(element('i', { className: stage }))
    timeline.lastChild.style.flex = `${duration} 0 0`
    const meaning = stageMeanings[stage] ?? ''
    list.append(element('div', { title: meaning },
      element('i', { className: `swatch ${stage}`, ariaHidden: 'true' }),
      element('dt', {}, stage, element('span', { className: 'unseen' }, ` (${meaning})`)),
      element('dd', {}, milliseconds(duration))))
  }
  const note = photos > 1 ? 'Time in the service; per stage, of the slowest image.' : 'Time in the service; the rest is the network.'
  return [timeline, list, element('p', { className: 'hint' }, note)]
}

/** Status text. The results of each image are on the page already: that part is for screen readers. */
function summary (photos, results) {
  const sentences = results.map((result, i) => `${photos[i].name}: ${headline(result)}.`)
  const failed = results.filter(({ error }) => error !== undefined).length
  return [`${plural(results.length - failed, 'photo')} classified${failed > 0 ? `, ${failed} not` : ''}.`, element('span', { className: 'unseen' }, ` ${sentences.join(' ')}`)]
}

function headline ({ predictions, noneOfThese, error }) {
  if (error !== undefined) return error.title
  return noneOfThese ? 'none of these classes' : `${predictions[0].label}, ${percent(predictions[0].score)}`
}

async function showModel () {
  const { body: model, problem } = await send('model')
  byId('model-card').replaceChildren(...problem === undefined ? modelCard(model) : [showProblem(problem)])
}

function modelCard ({ name, version, description, width, classes, parameters, macs, preprocessing, executionProvider, device, layout, accuracy, provenance, labels }) {
  const { cropSize, interpolation, resizer = 'pillow' } = preprocessing
  const facts = [
    ['Name', name],
    ['Version', version],
    ['Network', `GhostNet ${width}x, ${(parameters / 1e6).toFixed(2)} million parameters, ${(macs / 1e6).toFixed(0)} million MACs`],
    ['Input', `${cropSize} x ${cropSize} pixels, ${interpolation} (${resizer})`],
    ['Runs on', `${executionProvider}: ${device}, layout ${layout}`],
    ...accuracy.map(({ dataset, top1, top5, measuredBy }) => ['Accuracy', `top-1 ${top1} %, top-5 ${top5} %: ${dataset} (${measuredBy})`]),
  ]
  const origin = [['Source', provenance.source], ['Training', provenance.training], ['Licence', provenance.license]].filter(([, value]) => value !== undefined)
  return [
    element('p', {}, description ?? ''),
    showFacts(facts),
    element('details', { hidden: origin.length === 0 }, element('summary', {}, 'Where it comes from'), showFacts(origin)),
    element('details', {}, element('summary', {}, `Labels: ${classes}`), element('p', {}, labels.map(({ label }) => label).join(', '))),
  ]
}

function showFacts (facts) {
  return element('dl', { className: 'facts' }, ...facts.flatMap(([term, value]) => [element('dt', {}, term), element('dd', {}, value)]))
}

// --- The same in code

let sentNames = ['photo.jpg']

function showCode (names = sentNames) {
  sentNames = names
  const base = new URL('.', location.href).href
  const url = new URL(`classify${query(minScore())}`, base).href
  const language = document.querySelector('[name=language]:checked').value
  byId('snippet').textContent = snippets[language]({ base, url, names, needsKey: needsKey !== undefined, minScore: minScore() })
}

// --- Ways in

for (const input of [byId('files'), byId('snapshot')]) {
  input.onchange = () => {
    const chosen = [...input.files]
    input.value = '' // so that the same image can be chosen again
    classifyAll(chosen, '')
  }
}

document.ondragover = (event) => {
  event.preventDefault() // an image that misses the box must not replace the page
  document.body.classList.add('dragging')
}
document.ondragleave = (event) => {
  if (event.relatedTarget === null) document.body.classList.remove('dragging')
}
document.ondrop = (event) => {
  event.preventDefault()
  document.body.classList.remove('dragging')
  classifyAll([...event.dataTransfer.files], 'There is no image in what was dropped.')
}
document.onpaste = (event) => {
  if (event.target !== byId('key')) classifyAll([...event.clipboardData.files], 'There is no image in the clipboard.')
}

const camera = byId('camera')
const video = camera.querySelector('video')
// Browsers allow cameras only to pages from HTTPS or localhost. Elsewhere a phone's own camera app takes the photo.
byId('open-camera').hidden = navigator.mediaDevices === undefined
byId('phone-camera').hidden = navigator.mediaDevices !== undefined || !matchMedia('(pointer: coarse)').matches

byId('open-camera').onclick = async () => {
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment', width: { ideal: 1280 } } })
    camera.returnValue = ''
    camera.showModal()
  } catch (error) {
    status.textContent = `The camera cannot be used: ${error.message}.`
  }
}
camera.onclose = async () => {
  const canvas = element('canvas', { width: video.videoWidth, height: video.videoHeight })
  canvas.getContext('2d').drawImage(video, 0, 0)
  for (const track of video.srcObject.getTracks()) track.stop()
  video.srcObject = null
  if (camera.returnValue !== 'take') return
  canvas.toBlob((blob) => classifyAll(blob === null ? [] : [new File([blob], 'camera.jpg', { type: blob.type })], 'The camera has no image yet.'), 'image/jpeg', 0.92)
}

byId('min-score').oninput = () => {
  byId('min-score-shown').textContent = `${byId('min-score').value} %`
  showCode()
}

byId('key-form').hidden = needsKey === undefined
byId('key-form').onsubmit = (event) => {
  event.preventDefault()
  showModel()
}
byId('code').onchange = () => showCode()
byId('copy').hidden = navigator.clipboard === undefined
byId('copy').onclick = () => navigator.clipboard.writeText(byId('snippet').textContent).then(() => { status.textContent = 'Copied.' })

showCode()
if (needsKey === undefined) showModel()
else byId('model-card').replaceChildren(element('p', {}, 'Enter an API key to see the model.'))
