import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { packageRoot } from '../../../models/package-root.ts'

export interface Result { readonly exitCode: number, readonly stdout: string, readonly stderr: string }

export const commandLine = join(packageRoot, 'dist/bundle/cli.js')

/** The command in a process of its own. */
export async function ghostserve (...args: string[]): Promise<Result> {
  return await ghostserveReading('', ...args)
}

/** @param input - What it finds on its standard input. */
export async function ghostserveReading (input: string | Buffer, ...args: string[]): Promise<Result> {
  return await new Promise((resolve) => {
    const child = execFile(process.execPath, [commandLine, ...args], { maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      resolve({ exitCode: error === null ? 0 : Number(error.code), stdout, stderr })
    })
    child.stdin!.on('error', () => {}) // it may end without reading
    child.stdin!.end(input)
  })
}
