/** `npm run loadtest -- --profile NAME`: one profile against one service, a result in the history. */
import { Command, InvalidArgumentError, Option } from 'commander'
import { claimOutputFile } from '../api/cli/output-path.ts'
import { TryAgainError, UsageError, usageExitCode } from '../api/cli/usage-error.ts'
import { EnvironmentSchema } from '../api/config.ts'
import { packageRoot } from '../models/package-root.ts'
import { bodyForms, type BodyForm } from './bodies.ts'
import { measureColdStarts } from './cold-start.ts'
import { describeService } from './describe-service.ts'
import { findK6 } from './k6-binary.ts'
import { Lab } from './lab.ts'
import { LabError } from './lab-error.ts'
import { describeCommit, describeMachine } from './machine.ts'
import { mixPhotos, photoMixes, type PhotoMix } from './photos.ts'
import { profileNames, profiles, type ProfileName } from './profiles.ts'
import { isRandomModel, makeRandomModel } from './random-model.ts'
import { compareStart, compareThroughput } from './reported.ts'
import { appendResult, atMost, checkHistory, defaultHistory, type Result } from './result.ts'
import { printResult } from './print-result.ts'
import { startService } from './service.ts'
import { median } from '../api/cli/bench/median.ts'

interface LoadtestOptions {
  profile: ProfileName | 'cold'
  url?: string
  model?: string
  photos: PhotoMix
  form: BodyForm
  users: number
  seconds?: number
  boundMs: number
  overloadFactor: number
  times: number
  history: string
  dashboard?: string
  force?: true
}

const program = new Command('loadtest')
  .description('Loads the service and appends what was measured to a history; `npm run loadtest:report` makes a page of it.')
  .addOption(new Option('-p, --profile <name>', 'what to do').choices([...profileNames, 'cold']).makeOptionMandatory())
  .option('-u, --url <url>', 'a service that runs already (default: one is started from this checkout)')
  .option('-m, --model <name>', 'ghostnet_050, ghostnet_100 or ghostnet_130 with random weights, or what MODEL may be ' +
    '(default: ghostnet_100; bundled for smoke and cold)')
  .addOption(new Option('--photos <mix>', 'web: 500x400, phone: 12 megapixels, mixed: one phone photo in ten').choices(photoMixes).default('web'))
  .addOption(new Option('--form <form>', 'how an image is sent').choices(bodyForms).default('raw'))
  .option('--users <count>', 'users of closed loops', positive, 16)
  .option('--seconds <seconds>', 'length of a step, instead of the profile\'s', positive)
  .option('--bound-ms <ms>', 'for the p99; 15 is usual on a GPU', positive, 100)
  .option('--overload-factor <factor>', 'offered in `overload`, of the capacity', positive, 10)
  .option('--times <count>', 'starts of `cold`', positive, 10)
  .option('--history <file>', 'where the result goes', defaultHistory)
  .option('--dashboard <file>', 'also write the page of k6\'s own dashboard, of the last step')
  .option('--force', 'let the page replace a file')

/** No generator to look for: k6's page does not name one. */
const anyPage = { what: 'to be replaced with --force', isOne: () => false }

try {
  const options = program.parse().opts<LoadtestOptions>()
  await checkHistory(options.history)
  const { result, isGood } = await runProfile(options)
  await appendResult(options.history, result)
  printResult(result)
  process.exitCode = isGood ? 0 : 1
} catch (error) {
  if (!(error instanceof LabError || error instanceof TryAgainError || error instanceof UsageError)) throw error
  log(error.message)
  process.exitCode = error instanceof UsageError ? usageExitCode : 1
}

/** Whether a void run fails: `smoke`, which claims nothing, only reports it. */
async function runProfile (options: LoadtestOptions): Promise<{ result: Result, isGood: boolean }> {
  const result = options.profile === 'cold' ? await runCold(options) : await runLoad(options, options.profile)
  const isVoid = result.voidReasons.length > 0 && options.profile !== 'smoke'
  return { result, isGood: !isVoid && result.verdicts.every(({ holds }) => holds) }
}

async function runLoad (options: LoadtestOptions, name: ProfileName): Promise<Result> {
  const { url, users, boundMs, overloadFactor, dashboard, force } = options
  const writeDashboard = dashboard === undefined ? undefined : await claimOutputFile(dashboard, anyPage, force)
  const profile = profiles[name]
  const seconds = options.seconds ?? profile.defaultSeconds
  const k6 = await findK6()
  const [imagesPerRequest, form] = name === 'batch' ? [8, 'multipart'] as const : [1, options.form] as const
  const photos = await mixPhotos(options.photos)
  const header = await describeRun(options)
  const service = url === undefined ? await startService({ env: await modelEnv(options) }) : undefined
  try {
    const target = service?.url ?? url!
    const model = await describeService(target)
    using lab = new Lab({ k6, url: target, pid: service?.pid, photos, form, imagesPerRequest, writeDashboard, log })
    const outcome = await profile.run(lab, { users, seconds, boundMs, overloadFactor, log })
    const { steps, headline, verdicts, voidReasons, capacityPerSecond } = outcome
    return {
      ...header,
      model,
      settings: { ...header.settings, users, seconds, boundMs, photos: options.photos, form, imagesPerRequest, ...(name === 'overload' && { overloadFactor }) },
      steps: [...steps],
      headline,
      ...(capacityPerSecond !== undefined && { capacityPerSecond }),
      verdicts: [...verdicts],
      voidReasons: [...voidReasons],
      comparisons: compareThroughput(model.name, steps[headline]?.imagesPerSecond ?? NaN),
    }
  } finally {
    await service?.stop()
  }
}

/** At most half a second: a user who waits for a page does not mind. */
async function runCold (options: LoadtestOptions): Promise<Result> {
  if (options.url !== undefined) throw new LabError('BAD_REQUEST', 'Expected no --url with the profile cold, which starts the service itself.')
  const [photo] = await mixPhotos('web')
  const header = await describeRun(options)
  const env = await modelEnv(options)
  const { milliseconds, phasesMs } = await measureColdStarts(options.times, photo!, { env }, log)
  const service = await startService({ env })
  const model = await describeService(service.url).finally(() => service.stop())
  return {
    ...header,
    model,
    settings: { ...header.settings, times: options.times },
    steps: [],
    coldStartsMs: [...milliseconds],
    startPhasesMs: phasesMs,
    verdicts: [atMost('start to first response, median', median(milliseconds), 500, 'ms')],
    voidReasons: [],
    comparisons: compareStart(median(milliseconds) / 1000),
  }
}

async function describeRun ({ profile, url }: LoadtestOptions): Promise<Pick<Result, 'profile' | 'at' | 'machine' | 'settings'> & { commit?: NonNullable<Result['commit']> }> {
  const commit = await describeCommit(packageRoot)
  // A service that runs elsewhere has its own configuration and commit, which this process cannot know.
  const configured = url === undefined ? Object.keys(EnvironmentSchema.properties).filter((name) => process.env[name] !== undefined) : []
  return {
    profile,
    at: new Date().toISOString(),
    machine: describeMachine(),
    ...(commit !== undefined && { commit }),
    settings: { ...Object.fromEntries(configured.map((name) => [name, process.env[name]!])), ...(url !== undefined && { url }) },
  }
}

async function modelEnv ({ model, profile }: LoadtestOptions): Promise<Record<string, string>> {
  const chosen = model ?? (profile === 'smoke' || profile === 'cold' ? 'bundled' : 'ghostnet_100')
  return { MODEL: isRandomModel(chosen) ? await makeRandomModel(chosen) : chosen }
}

function positive (text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new InvalidArgumentError(`Expected a number above 0, got ${JSON.stringify(text)}.`)
  return value
}

function log (sentence: string): void {
  process.stderr.write(`${sentence}\n`)
}
