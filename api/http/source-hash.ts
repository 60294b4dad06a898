import { createHash } from 'node:crypto'

/** The source expression that lets a page's own inline script or style pass its Content-Security-Policy. */
export function sourceHash (text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
}
