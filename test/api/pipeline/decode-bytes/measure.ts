/**
 * `measure.js WIDTH HEIGHT CROP`: decodes a file of every structure, one after another, and writes a line of JSON for each: what was
 * charged for it and by how much the process grew.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import sharp from 'sharp'
import { imageFormatNames } from '../../../../api/config.ts'
import { stripBytes } from '../../../../api/images/decode-bytes.ts'
import { acceptFormats, imageFormats } from '../../../../api/images/formats.ts'
import { readHeader } from '../../../../api/images/image-header.ts'
import type { Stripped } from '../../../../api/images/strip-metadata.ts'
import { MemoryBudget, type Release } from '../../../../api/images/memory-budget.ts'
import { preprocess } from '../../../../api/images/preprocess.ts'
import { preprocessingPresets } from '../../../../models/manifest/preprocessing.ts'
import { unlimited } from '../preprocess-options.ts'
import { decodeCases, type DecodeCase } from './cases.ts'

export interface Measured {
  readonly name: string
  readonly chargedBytes: number
  readonly grownBytes: number
  /** Part of the charge that libvips passes on from step to step. */
  readonly stripBytes: number
  readonly fileBytes: number
}

class RecordingBudget extends MemoryBudget {
  takenBytes = 0

  override async take (bytes: number, signal: AbortSignal): Promise<Release> {
    this.takenBytes = bytes
    return await super.take(bytes, signal)
  }
}

const kibibytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync('/proc/self/status', 'latin1'))?.[1])
/** What earlier images left is gone when V8 has collected it and the event loop has turned. */
const turns = 2
const turnMs = 5

/** Some files are rejected, but not before they have been decoded. */
async function decode (file: Buffer, decodeBudget: MemoryBudget): Promise<void> {
  const options = { ...unlimited({ ...preprocessingPresets.imagenet, cropSize, cropPct: 1 }), formats: imageFormatNames, decodeBudget }
  await preprocess(file, options, new AbortController().signal).catch(() => {})
}

async function measure ({ name, format, make }: DecodeCase): Promise<Measured> {
  const file = await make({ width, height })
  const budget = new RecordingBudget(Number.MAX_SAFE_INTEGER)
  for (let turn = 0; turn < turns; turn++) {
    globalThis.gc!()
    await sleep(turnMs)
  }
  const before = kibibytes('VmRSS')
  writeFileSync('/proc/self/clear_refs', '5') // the peak begins anew
  await decode(file, budget)
  const grownBytes = (kibibytes('VmHWM') - before) * 1024
  const kept: Stripped = imageFormats[format].stripMetadata(file)
  return {
    name,
    chargedBytes: budget.takenBytes,
    grownBytes,
    stripBytes: stripBytes(kept.header ?? await readHeader(sharp(kept.file))),
    fileBytes: file.length,
  }
}

const [width, height, cropSize] = process.argv.slice(2).map(Number) as [number, number, number]
acceptFormats(imageFormatNames)
// Libraries, and what they keep for ever, are there before anything is measured.
for (const { make } of decodeCases) await decode(await make({ width: 300, height: 200 }), new MemoryBudget(Number.MAX_SAFE_INTEGER))
for (const decodeCase of decodeCases) console.log(JSON.stringify(await measure(decodeCase)))
